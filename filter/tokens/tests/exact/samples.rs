//! Short texts in many scripts, and every short sequence of what the splitters tell apart.

use crate::reference::assert_same;

const TEXTS: &[&str] = &[
    "",
    "a",
    "The quick brown fox jumps over the lazy dog. It's 12,345.67 o'clock, isn't it? They'LL say: \"don't!\"",
    "HELLOworld helloWORLD HelloWorld iPhone McDONALD'S camelCaseIdentifierWithManyWords SCREAMING_SNAKE_CASE_9",
    "fn main() {\n    let xs: Vec<u32> = (0..10).map(|x| x * x).collect();\n\tprintln!(\"{xs:?}\"); // done\r\n}\n\n\n",
    "{\"id\":\"chatcmpl-9f3a\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":null}}],\"n\":1e-9}",
    "https://example.com/a/b/c?x=1&y=%20#frag //\n/path\r\n//// \n/ 550e8400-e29b-41d4-a716-446655440000",
    "在一个遥远的小村庄里，住着一位年迈的木匠。他每天清晨起床，先到河边打水，然后回到作坊里开始工作。",
    "人工智能技术正在迅速改变我们的生活方式，大语言模型能够理解和生成自然语言。请编写一个函数，时间复杂度为O(n log n)。",
    "繁體中文也一樣：臺灣的夜市裡有許多小吃，龘靐齉龖𠮷𡃁㐀。",
    "昔々、ある山里におじいさんとおばあさんが住んでいました。システムの障害が発生した場合は、速やかにご連絡ください。",
    "옛날 옛적에 깊은 산속 마을에 나무꾼이 살고 있었습니다. 인공지능 기술은 생활 방식을 변화시키고 있습니다. 뷁",
    "В некотором царстве, в некотором государстве жил-был старый мельник. Её съёмка, ЭВМ и так далее…",
    "Πριν από πολλά χρόνια ζούσε ένας γέρος ψαράς. ΑΘΗΝΑ, τὸ πρῶτον ᾼ ᾠδή.",
    "एक समय की बात है, एक गाँव में एक बूढ़ा किसान रहता था। कृत्रिम बुद्धिमत्ता। १२३४५",
    "একদা এক গ্রামে এক বৃদ্ধ কৃষক বাস করত। ఒకప్పుడు ఒక గ్రామంలో. ஒரு ஊரில் ஒரு விவசாயி. ಒಂದು ಊರು. ഒരു ഗ്രാമം.",
    "กาลครั้งหนึ่งนานมาแล้ว มีชาวนาแก่คนหนึ่งอาศัยอยู่ในหมู่บ้าน ๑๒๓",
    "كان يا ما كان في قديم الزمان، مَلِكٌ حَكِيمٌ. ١٢٣٤٥٦ ﷽ بي‌خانه",
    "פעם אחת, בכפר קטן, חי נפח זקן. בְּרֵאשִׁית בָּרָא",
    "Ngày xửa ngày xưa, ở một ngôi làng nhỏ. Đường Nguyễn Huệ e\u{302}\u{301} Z\u{335}\u{321}\u{35b}algo\u{489}",
    "İstanbul'da ığdır ŞİŞLİ'nin straße STRASSE ﬁn ǅ ǈ ʰello ªº ß'S",
    "ამბავი ნაკვერჩხალი ԲԱՐԵՒ բարեւ ᏣᎳᎩ ꮳꮃꭹ ᠮᠣᠩᠭᠣᠯ བོད་ཡིག ភាសាខ្មែរ မြန်မာ አማርኛ ሰላም",
    "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇩🇪🇫🇷 1️⃣ 🫠🪿🤷🏻‍♀️ ❤️‍🔥 ☃ ♞ ∀x∈ℝ: ∃y≤⌈x⌉ 𝒜𝓫𝔠 Ⅷ ½ ² ⅓ ㊿ ①",
    "don'ſ DON'ſ it'ſ 's 'S 'll'LL 've're'm'd't 'x ''s '' ' s \u{2019}s",
    "\u{0}\u{1}\u{7}\u{8}\u{1b}[31m\u{7f}\u{80}\u{9f}\u{ad}\u{200b}\u{feff}\u{fffd}\u{fffe}\u{10ffff}",
    " \t \u{a0}\u{3000}\u{2003}\u{85}\u{2028}x \u{a0}x \u{b}\u{c} \r \n \r\n\r\n \t\n  y\n \n  ",
    "<|endoftext|> <|im_start|>system <|fim_prefix|>",
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
];

/// What the expressions tell apart: cases, letters without one, marks, numbers, white space, line ends, signs with a part of
/// their own, contractions.
const ATOMS: &[&str] = &[
    "A", "Z\u{1c5}", "b", "xy", "ǅ", "中", "の国", "ʰ", "ª", "\u{301}", "\u{93f}", "\u{20dd}", "1", "22",
    "٣", "Ⅷ", "½", " ", "  ", "\t", "\u{a0}", "\u{3000}", "\u{85}", "\n", "\r", "\r\n", "/", "//", "'", "'s",
    "'S", "'ſ", "'t", "'re", "'RE", "'Ve", "'ll", "'lL", "'d", "'m", "'l", "'r", "!", "...", "👍",
    "\u{200d}", "_", "\u{0}", "。", "é",
];

#[test]
fn samples_of_many_scripts_are_counted_exactly() {
    for text in TEXTS {
        assert_same(text);
        for (at, _) in text.char_indices() {
            let (before, after) = text.split_at(at);
            assert_same(before);
            assert_same(after);
        }
    }
}

#[test]
fn every_sequence_of_what_the_splitters_tell_apart_is_counted_exactly() {
    for first in ATOMS {
        for second in ATOMS {
            for third in ATOMS {
                assert_same(&format!("{first}{second}{third}"));
                assert_same(&format!("x{first}{second}{third}Y"));
            }
        }
    }
}

#[test]
fn every_character_has_the_class_that_the_reference_splits_by() {
    let characters: Vec<char> = (0..0x3_4000).chain(0xE_0000..0xE_0200).filter_map(char::from_u32).collect();
    for some in characters.chunks(64) {
        let mut text = String::new();
        for character in some {
            text.extend([
                'a', *character, 'B', *character, *character, '1', *character, ' ', *character, '!',
                *character, '\n',
            ]);
        }
        assert_same(&text);
    }
}
