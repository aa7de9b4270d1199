//! What a condition may speak of. These tables are the only place: the checker, the messages, the completion and the
//! reference read them.

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Bool,
    Int,
    String,
    /// A list of strings.
    List,
    /// Strings by their name.
    Map,
}

impl Type {
    /// As CEL calls it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Type::Bool => "bool",
            Type::Int => "int",
            Type::String => "string",
            Type::List => "list(string)",
            Type::Map => "map(string, string)",
        }
    }

    /// As a message calls it.
    pub(super) fn described(self) -> &'static str {
        match self {
            Type::Bool => "true or false",
            Type::Int => "a number",
            Type::String => "a string",
            Type::List => "a list",
            Type::Map => "a map",
        }
    }
}

/// When a value is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// With the request's headers.
    Head,
    /// Only with its body.
    Body,
}

/// A text about the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextName {
    Model,
    Path,
    Method,
    Tenant,
    Tier,
    PromptVersion,
}

/// A number about the request. None is ever negative, and `Hour` is at most 23: warnings about conditions that always or
/// never hold are built on that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NumberName {
    InputTokens,
    MaxOutputTokens,
    Turns,
    Hour,
    /// How many tools the request declares: `size(tools)`.
    Tools,
}

impl NumberName {
    /// The least and the greatest value.
    pub(super) fn range(self) -> (i64, i64) {
        match self {
            NumberName::Hour => (0, 23),
            _ => (0, i64::MAX),
        }
    }
}

/// Something that is so or isn't.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlagName {
    Stream,
}

/// Where the value of a name comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    Text(TextName),
    Number(NumberName),
    Flag(FlagName),
    Tools,
    Headers,
}

/// A name that conditions may use.
#[derive(Debug, PartialEq, Eq)]
pub struct Name {
    /// As it is written, `tokens.input` with its dot.
    pub name: &'static str,
    pub slot: Slot,
    /// When it is known.
    pub stage: Stage,
    /// Whether this version of the filter can supply it.
    pub supported: bool,
    /// What it is, in one line.
    pub doc: &'static str,
}

impl Name {
    #[must_use]
    pub fn ty(&self) -> Type {
        match self.slot {
            Slot::Text(_) => Type::String,
            Slot::Number(_) => Type::Int,
            Slot::Flag(_) => Type::Bool,
            Slot::Tools => Type::List,
            Slot::Headers => Type::Map,
        }
    }

    pub(super) fn find(name: &str) -> Option<&'static Name> {
        NAMES.iter().find(|known| known.name == name)
    }

    pub(super) fn of(slot: Slot) -> &'static str {
        NAMES.iter().find(|known| known.slot == slot).map_or("", |known| known.name)
    }
}

const fn name(name: &'static str, slot: Slot, stage: Stage, supported: bool, doc: &'static str) -> Name {
    Name { name, slot, stage, supported, doc: crate::doc(doc) }
}

const YES: bool = true;
const NOT_YET: bool = false;

/// Every name, in the order of the reference.
pub static NAMES: &[Name] = &[
    name("path", Slot::Text(TextName::Path), Stage::Head, YES, "path of the request, without its query"),
    name("method", Slot::Text(TextName::Method), Stage::Head, YES, "HTTP method, such as `POST`"),
    name(
        "headers",
        Slot::Headers,
        Stage::Head,
        YES,
        "request headers by their lowercase name: `headers[\"x-y\"]`, which is empty when there is none",
    ),
    name("hour", Slot::Number(NumberName::Hour), Stage::Head, YES, "hour of the day in UTC, 0 to 23"),
    name("model", Slot::Text(TextName::Model), Stage::Body, YES, "model that the client asks for"),
    name(
        "stream",
        Slot::Flag(FlagName::Stream),
        Stage::Body,
        YES,
        "whether the client asks for a streamed answer",
    ),
    name("turns", Slot::Number(NumberName::Turns), Stage::Body, YES, "messages in the conversation"),
    name("tools", Slot::Tools, Stage::Body, YES, "names of the tools that the request declares"),
    name(
        "tenant",
        Slot::Text(TextName::Tenant),
        Stage::Head,
        YES,
        "tenant the request belongs to, `anonymous` where nothing says; empty for one known by its API key alone",
    ),
    name(
        "tier",
        Slot::Text(TextName::Tier),
        Stage::Head,
        YES,
        "tier of that tenant, empty when none takes it",
    ),
    name(
        "tokens.input",
        Slot::Number(NumberName::InputTokens),
        Stage::Body,
        YES,
        "tokens of the prompt, counted or estimated as limits do",
    ),
    name(
        "tokens.max_output",
        Slot::Number(NumberName::MaxOutputTokens),
        Stage::Body,
        YES,
        "most tokens the answer may have, 0 when the request doesn't say",
    ),
    name(
        "prompt_version",
        Slot::Text(TextName::PromptVersion),
        Stage::Head,
        NOT_YET,
        "version of the prompt, as the client tells it",
    ),
];

/// A function or an operator.
#[derive(Debug, PartialEq, Eq)]
pub struct Word {
    pub name: &'static str,
    /// How it is used.
    pub usage: &'static str,
    /// What it does, in one line.
    pub doc: &'static str,
}

const fn word(name: &'static str, usage: &'static str, doc: &'static str) -> Word {
    Word { name, usage, doc: crate::doc(doc) }
}

/// Every function.
pub static FUNCTIONS: &[Word] = &[
    word("startsWith", "model.startsWith(\"gpt-4\")", "whether a string begins with another"),
    word("endsWith", "path.endsWith(\"/completions\")", "whether a string ends with another"),
    word("contains", "model.contains(\"mini\")", "whether a string holds another"),
    word("size", "size(tools) or tools.size()", "characters of a string, or length of a list"),
];

/// Every operator; the first binds tightest, and those of one line alike.
pub static OPERATORS: &[Word] = &[
    word("[ ]", "headers[\"x-y\"]", "a header by its name"),
    word("! -", "!stream", "not; the negative of a number"),
    word("* / %", "turns % 2", "product, quotient and remainder of whole numbers, cut towards zero"),
    word("+ -", "turns + 1", "sum and difference"),
    word("== != < <= > >=", "turns >= 3", "comparison of two numbers or two strings"),
    word("in", "model in [\"a\", \"b\"]", "whether a list holds a value, or a request a header"),
    word("&&", "stream && turns > 3", "both"),
    word("||", "stream || turns > 3", "either or both"),
    word("? :", "(stream ? 5 : 9) > turns", "one of two values"),
];
