//! The makers' rules for what an image costs.

use super::Size;

/// How closely a model looks (OpenAI's `detail`).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Detail {
    Low,
    /// Also what `auto` stands for.
    #[default]
    High,
}

/// A rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// A base, and so much for each tile of 512 pixels after the image was made to fit into 2,048 by 2,048 and its shorter
    /// side into 768 (OpenAI, "Images and vision", Calculating costs).
    Tiles { base: u64, tile: u64 },
    /// So many hundredths for each patch of 32 pixels, of which there are 1,536 at most (the same page).
    Patches { hundredths: u64 },
    /// A token for 750 pixels after the longer side was made to fit into 1,568, at most 1,600 (Anthropic, "Vision").
    Area,
    /// 258 for each tile of 768 pixels, or for an image of up to 384 by 384 (Google, "Image understanding").
    Squares,
}

impl Rule {
    /// Of a model, by its name, without a fine-tuned model's `ft:` or a provider's prefix (`openai/…`, Bedrock's `us.anthropic.…`); that
    /// of gpt-4o for those that are not known.
    #[must_use]
    pub fn of_model(model: &str) -> Self {
        /// The first name that the model's begins with counts.
        const RULES: [(&str, Rule); 12] = [
            ("gpt-4o-mini", Rule::Tiles { base: 2_833, tile: 5_667 }),
            ("gpt-4.1-mini", Rule::Patches { hundredths: 162 }),
            ("gpt-4.1-nano", Rule::Patches { hundredths: 246 }),
            ("gpt-5-mini", Rule::Patches { hundredths: 162 }),
            ("gpt-5-nano", Rule::Patches { hundredths: 246 }),
            ("gpt-5", Rule::Tiles { base: 70, tile: 140 }),
            ("o4-mini", Rule::Patches { hundredths: 172 }),
            ("o1", Rule::Tiles { base: 75, tile: 150 }),
            ("o3", Rule::Tiles { base: 75, tile: 150 }),
            ("computer-use-preview", Rule::Tiles { base: 65, tile: 129 }),
            ("anthropic", Rule::Area),
            ("gemini", Rule::Squares),
        ];
        let model = model.rsplit_once('/').map_or(model, |(_, name)| name);
        if model.contains("claude") {
            return Self::Area;
        }
        let model = model.strip_prefix("ft:").unwrap_or(model);
        let known = RULES.iter().find(|(name, _)| model.starts_with(name));
        known.map_or(Self::Tiles { base: 85, tile: 170 }, |(_, rule)| *rule)
    }

    /// Tokens for pages of a document: 258 each (Google, "Document understanding"), otherwise 7,000 for three, text and picture
    /// (Anthropic, "PDF support"; OpenAI puts both into the context too, "File inputs", and publishes no figure).
    pub(crate) fn pages(self, pages: u64) -> u64 {
        match self {
            Self::Squares => pages.saturating_mul(258),
            _ => pages.saturating_mul(7_000).div_ceil(3),
        }
    }

    /// Tokens for sound of which a second has so many bytes: 32 a second (Google, "Understand and count tokens"), otherwise 10, which
    /// is what was seen of OpenAI's models that hear (one for 100 ms; it publishes no figure).
    pub(crate) fn sound(self, bytes: u64, second: u64) -> u64 {
        let each = if matches!(self, Self::Squares) { 32 } else { 10 };
        bytes.saturating_mul(each).div_ceil(second.max(1))
    }

    /// A number of its own.
    pub(crate) fn id(self) -> u64 {
        match self {
            Self::Tiles { base, tile } => base << 16 | tile << 2,
            Self::Patches { hundredths } => hundredths << 2 | 1,
            Self::Area => 2,
            Self::Squares => 3,
        }
    }

    /// Tokens for an image.
    #[must_use]
    pub fn tokens(self, size: Size, detail: Detail) -> u64 {
        let (width, height) = (f64::from(size.width.max(1)), f64::from(size.height.max(1)));
        match (self, detail) {
            (Self::Tiles { base, .. }, Detail::Low) => base,
            (Self::Tiles { base, tile }, Detail::High) => {
                let fits = (2_048.0 / width.max(height)).min(1.0);
                let scale = fits * (768.0 / (width.min(height) * fits)).min(1.0);
                base + tile * cells(width * scale, 512.0) * cells(height * scale, 512.0)
            }
            (Self::Patches { hundredths }, _) => (patches(width, height) * hundredths).div_ceil(100),
            (Self::Area, _) => {
                let scale = (1_568.0 / width.max(height)).min(1.0);
                ((width * scale * height * scale / 750.0) as u64).clamp(1, 1_600)
            }
            (Self::Squares, _) if width <= 384.0 && height <= 384.0 => 258,
            (Self::Squares, _) => 258 * (cells(width, 768.0) * cells(height, 768.0)).min(16),
        }
    }
}

/// How many cells of a side it takes; a rounding error is none.
fn cells(length: f64, side: f64) -> u64 {
    ((length / side - 1e-9).ceil() as u64).max(1)
}

fn patches(width: f64, height: f64) -> u64 {
    const MOST: f64 = 1_536.0;
    let all = cells(width, 32.0) * cells(height, 32.0);
    if all as f64 <= MOST {
        return all;
    }
    // Made smaller until it fits, and then so that one side is a whole number of patches.
    let shrink = (32.0 * 32.0 * MOST / (width * height)).sqrt();
    let (across, down) = (width * shrink / 32.0, height * shrink / 32.0);
    let whole = shrink * (across.floor().max(1.0) / across).min(down.floor().max(1.0) / down);
    (cells(width * whole, 32.0) * cells(height * whole, 32.0)).min(MOST as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn images_cost_what_the_makers_publish() {
        let rows = [
            // OpenAI's examples.
            ("gpt-4o", (1_024, 1_024), Detail::High, 765),
            ("gpt-4o", (2_048, 4_096), Detail::High, 1_105),
            ("gpt-4o", (4_096, 8_192), Detail::Low, 85),
            ("gpt-4.1", (512, 512), Detail::High, 255),
            ("gpt-4o-mini", (128, 64), Detail::High, 8_500),
            ("gpt-4o-mini-2024-07-18", (128, 64), Detail::Low, 2_833),
            ("o3-2025-04-16", (128, 64), Detail::High, 225),
            ("gpt-5", (1_024, 1_024), Detail::High, 630),
            ("o4-mini", (128, 64), Detail::High, 14),
            ("gpt-4.1-mini", (1_024, 1_024), Detail::High, 1_659),
            ("gpt-4.1-mini", (1_800, 2_400), Detail::High, 2_353),
            // Anthropic's: "about 1,600", "about 54".
            ("claude-sonnet-4-5", (1_092, 1_092), Detail::High, 1_589),
            ("claude-sonnet-4-5", (200, 200), Detail::High, 53),
            ("claude-sonnet-4-5", (8_000, 8_000), Detail::High, 1_600),
            ("models/gemini-2.5-flash", (384, 300), Detail::High, 258),
            ("gemini-2.5-flash", (960, 540), Detail::High, 516),
            // Bedrock's profiles of several regions, and models that were tuned.
            ("us.anthropic.claude-sonnet-4-20250514-v1:0", (1_092, 1_092), Detail::High, 1_589),
            ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", (200, 200), Detail::High, 53),
            (
                "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude-3-haiku-20240307-v1:0",
                (200, 200),
                Detail::High,
                53,
            ),
            ("ft:gpt-4o-mini-2024-07-18:org::id", (128, 64), Detail::High, 8_500),
            ("openai/ft:gpt-4.1-mini-2025-04-14:org::id", (1_024, 1_024), Detail::High, 1_659),
            ("unheard-of", (1_024, 1_024), Detail::High, 765),
        ];
        for (model, (width, height), detail, tokens) in rows {
            let size = Size { width, height };
            assert_eq!(
                Rule::of_model(model).tokens(size, detail),
                tokens,
                "{model}, {width} by {height}, {detail:?}"
            );
        }
    }

    #[test]
    fn patches_are_those_of_the_published_example() {
        assert_eq!(patches(1_024.0, 1_024.0), 1_024);
        assert_eq!(patches(1_800.0, 2_400.0), 1_452);
    }

    proptest! {
        #[test]
        fn no_image_costs_nothing_or_without_bound(width: u32, height: u32) {
            for model in ["gpt-4o", "gpt-4.1-nano", "claude", "gemini"] {
                let tokens = Rule::of_model(model).tokens(Size { width, height }, Detail::High);
                prop_assert!((1..=5_000).contains(&tokens), "{model}: {tokens}");
            }
        }
    }
}
