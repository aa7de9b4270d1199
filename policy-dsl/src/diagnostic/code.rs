//! The registry of findings. A code never changes its meaning; one that is no longer needed is never used again.

use super::Severity;

macro_rules! codes {
    ($($name:ident = $id:literal $severity:ident $title:literal,)*) => {
        /// A kind of finding, by a number that stays: SW01xx syntax, SW02xx names and structure, SW03xx values and
        /// units, SW04xx not supported, SW05xx warnings, SW06xx what only the running host can tell,
        /// SW07xx conditions.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $title] $name,)*
        }

        impl Code {
            /// Every code, in the order of its number.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// As people cite it: `SW0201`.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Code::$name => $id,)* }
            }

            /// What it means, in one line.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }

            /// Whether the text can't be read as it was meant, so that all else about it is a guess.
            #[must_use]
            pub(crate) fn is_syntax(self) -> bool {
                self.id().starts_with("SW01")
            }

            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Code::$name => Severity::$severity,)* }
            }
        }
    };
}

codes! {
    SourceTooLarge = "SW0101" Error "the file is over 1 MiB",
    NestingTooDeep = "SW0102" Error "blocks are nested more than 32 deep",
    Unterminated = "SW0103" Error "a string, condition, pattern or inline text has no end",
    StrayCharacter = "SW0104" Error "a character that means nothing here",
    UnexpectedToken = "SW0105" Error "something else was expected here",
    UnbalancedBrace = "SW0106" Error "a `{` or `}` without its partner",
    MissingVersion = "SW0107" Error "the first line isn't `seawall 1`",
    UnsupportedVersion = "SW0108" Error "the policy is written in another version of the language",
    EmptyPolicy = "SW0109" Error "the policy holds no route",
    TooManyErrors = "SW0110" Error "there are more errors than are shown",
    BadEscape = "SW0111" Error "an unknown escape in a string",
    UnknownName = "SW0201" Error "a name that no block of the policy defines",
    UnknownBlock = "SW0202" Error "no block has this name",
    UnknownStatement = "SW0203" Error "the block has no such statement",
    UnknownWord = "SW0204" Error "a value that isn't one of the known words",
    DuplicateName = "SW0205" Error "two blocks of one kind have the same name",
    DuplicateStatement = "SW0206" Error "a statement is written twice",
    MissingStatement = "SW0207" Error "the block needs a statement that it doesn't have",
    RepeatedTarget = "SW0208" Error "a target stands twice in one plan",
    DefaultRoute = "SW0209" Error "`route default` isn't last or does more than `pass`",
    InvalidName = "SW0210" Error "not a valid name",
    LikeItself = "SW0211" Error "a target that is like itself",
    TierConflict = "SW0212" Error "a tenant in two tiers, or two default tiers",
    TestOrder = "SW0213" Error "a statement of a test in a place where it means nothing",
    MissingUnit = "SW0301" Error "a number without its unit",
    WrongUnit = "SW0302" Error "a unit that doesn't fit the statement",
    OutOfRange = "SW0303" Error "a value outside of its range",
    TooLarge = "SW0304" Error "a number too large to hold",
    NotWhole = "SW0305" Error "a fraction where a whole number is needed",
    InvalidText = "SW0306" Error "a string that can't be used for this purpose",
    NotRetryable = "SW0307" Error "a status that a retry can't help, or that isn't a failure",
    SecretInPolicy = "SW0308" Error "a secret is written into the policy",
    RangeOrder = "SW0309" Error "a range that starts above its end",
    RepeatedValue = "SW0310" Error "a value stands twice in one list",
    IncompletePrice = "SW0311" Error "a price that leaves out input or output",
    WeightCount = "SW0312" Error "not one weight for each target",
    InvalidPattern = "SW0313" Error "a pattern that can't be used",
    InvalidSchema = "SW0314" Error "a JSON Schema that can't be honoured",
    NotSupported = "SW0401" Error "part of the language, but not supported by this version",
    Unused = "SW0501" Warning "a block that nothing refers to",
    UnreachableRoute = "SW0502" Warning "a route that no request can reach",
    UnreachedTarget = "SW0503" Warning "a target that the attempts never reach",
    SmallContext = "SW0504" Warning "a fallback with a smaller context window than the contract admits",
    BackoffTooLong = "SW0505" Warning "waits that can't end before the deadline",
    AttemptsTooLong = "SW0506" Warning "attempts that can't end before the deadline",
    InnerTimeout = "SW0507" Warning "an inner timeout that is longer than the outer one",
    NoRetryBudget = "SW0508" Warning "a retry budget that pays for no retry",
    SampleOutOfReach = "SW0509" Warning "a breaker whose sample can't be reached in its window",
    MissingPrice = "SW0510" Warning "a rule about cost, and a target without a price",
    UnboundedHedge = "SW0511" Warning "hedging without a bound on its share",
    ForgeableTenant = "SW0512" Warning "a tenant that callers can choose",
    SharedCache = "SW0513" Warning "a cache that tells no tenants apart",
    NoEffect = "SW0514" Warning "a statement that can't have an effect here",
    ForeignCredentials = "SW0515" Warning "credentials taken over from a target of another provider",
    MixedDialects = "SW0516" Warning "targets of one route that speak different dialects",
    LateCheck = "SW0517" Warning "a streamed answer that is delivered before it is checked",
    FoundEverywhere = "SW0518" Warning "a pattern that is found in every text",
    EnvironmentNotSet = "SW0601" Error "an environment variable named in the policy isn't set",
    FileReference = "SW0602" Error "a file that the policy refers to can't be put in its place",
    ConditionSyntax = "SW0701" Error "a condition that can't be read",
    ConditionName = "SW0702" Error "a name or function that conditions don't have",
    ConditionType = "SW0703" Error "a value of the wrong type in a condition",
    ConditionTooLarge = "SW0704" Error "a condition that is too long, too deep or holds too large a number",
    ConditionNotSupported = "SW0705" Error "CEL that isn't part of Seawall's conditions",
    ConditionConstant = "SW0706" Warning "a condition, or a part of one, that always comes to the same",
}
