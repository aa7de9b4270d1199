//! Who calls and how much they may: `tenant`, `tier`, `limit`.

use super::super::{Block, Leaf, Shape, Statement, Text};
use super::{HEADER, HOUR, LABEL, MS, NOTHING, RATE, SECOND, count, duration, factor, percent, text};
use crate::doc;
use Shape::{Fixed, List, Maybe, OneOf, Seq, Sign, Word};

pub(super) const TENANT: Statement = Statement::new(
    "tenant",
    Seq(&[Fixed("by"), List(&SOURCE, 8, "sources")]),
    r#"tenant by jwt "tenant_id", header "x-tenant-id" trusted"#,
    "Where the caller's name comes from: the first source that is present, otherwise `anonymous`. A header counts as \
     forgeable unless it is said to be `trusted`, because something in front of this proxy sets or strips it. A `jwt` claim \
     is read from where Envoy's `jwt_authn` puts it with `payload_in_metadata: jwt_payload`; a whole number up to \
     2^53 is its digits, and what is neither that nor a text is none; `san` is the first URI or DNS \
     name in the client's certificate; an `api_key` is known by its hash alone, and by no name. Where \
     targets bring their own `auth`, no provider sees that key: it is `trusted` only if something in front of this proxy verifies it.",
)
.absent("all callers are `anonymous`");

const SOURCE: Shape = OneOf(
    "source",
    &[
        Seq(&[Word("jwt"), LABEL]),
        Seq(&[Word("header"), HEADER, Maybe(&Word("trusted"))]),
        Word("san"),
        Seq(&[Word("api_key"), Maybe(&Word("trusted"))]),
    ],
);

const TIER_SHAPE: Shape = Seq(&[Shape::Leaf(Leaf::Define("tier")), Shape::Block(&TIER_BODY)]);

pub(super) const TIER: Statement = Statement::new(
    "tier",
    TIER_SHAPE,
    r#"tier gold { tenants "acme"  priority 10 }"#,
    "Tenants that are treated alike.",
)
.repeats();

static TIER_BODY: Block = Block {
    word: "tier",
    doc: doc(
        "Tenants that are treated alike. Each tenant is in one tier at most; the `default` tier takes those that no other names.",
    ),
    statements: &[
        Statement::new(
            "tenants",
            List(&LABEL, 1_000, "tenants"),
            r#"tenants "acme", "globex""#,
            "Who is in it.",
        )
        .absent("nobody, unless it is the `default` tier")
        .repeats(),
        Statement::new("default", NOTHING, "default", "Takes every tenant that no other tier names.")
            .absent("only the tenants it names"),
        Statement::new(
            "priority",
            count(0, 100),
            "priority 10",
            "Who waits in line longer: a higher number goes first.",
        )
        .default("1"),
        Statement::new(
            "weight",
            count(1, 100),
            "weight 4",
            "The share of each of its tenants, where they wait in line with others of the same priority.",
        )
        .default("1"),
    ],
};

const LIMIT_SHAPE: Shape = Seq(&[Shape::Leaf(Leaf::Define("limit")), SCOPE, Shape::Block(&LIMIT_BODY)]);

pub(super) const LIMIT: Statement = Statement::new(
    "limit",
    LIMIT_SHAPE,
    "limit daily per tenant { $50/day }",
    "How much may be used, and by whom.",
)
.repeats();

const SCOPE: Shape = OneOf(
    "scope",
    &[
        Word("global"),
        Seq(&[
            Fixed("per"),
            OneOf(
                "scope",
                &[
                    Word("tenant"),
                    Word("tier"),
                    Word("route"),
                    Word("target"),
                    Seq(&[Word("group"), Shape::Leaf(Leaf::Name("group"))]),
                ],
            ),
        ]),
    ],
);

static LIMIT_BODY: Block = Block {
    word: "limit",
    doc: doc("How much may be used, and by whom. A route names the limits that hold in it; a request passes when all of them admit it."),
    statements: &[
        Statement::new(
            "",
            Seq(&[RATE, Maybe(&Word("rolling"))]),
            "90k tokens/min",
            "How much: tokens (or `input` or `output tokens`), requests, requests at once, or dollars. Money counts by the \
             calendar unless it is `rolling`.",
        )
        .required(),
        Statement::new(
            "burst",
            percent(0, 100_000),
            "burst 20%",
            "How much of the amount may be used at once beyond the even flow. A request that is larger than that, but not than the \
             amount, passes when nothing is owed.",
        )
        .default("10%"),
        Statement::new(
            "wait",
            Seq(&[Fixed("up to"), duration(MS, HOUR)]),
            "wait up to 2s",
            "How long a request may wait in line instead of being refused.",
        )
        .absent("it is refused at once"),
        Statement::new("queue", count(1, 1_000), "queue 64", "How many may wait in line.")
            .default("100"),
        Statement::new(
            "warn",
            percent(1, 10_000),
            "warn 80%",
            "Tells when so much of it is used; of a rate, when so much has been used within its period, and not of its burst: once by \
             log and metric, and again after less than half of that was used. Meanwhile every answer, and every refusal by another \
             limit, has the header `x-seawall-warning`, but only where the limit is the caller's own: one `per tenant`, or any where \
             the policy names no tenants. How full limits are that tenants share is told to none of them.",
        )
        .absent("no warning"),
        Statement::new(
            "anomaly",
            Seq(&[
                Sign(">"),
                factor(101, 100_000),
                Fixed("baseline"),
                Maybe(&Seq(&[Fixed("window"), duration(SECOND, HOUR)])),
            ]),
            "anomaly > 5x baseline",
            "Tells when so many times more is used than is usual of the same tenant (or tier, route, target, group) in as long a \
             window, which is 5m unless it says otherwise: once by log and metric until that is over, and meanwhile in the \
             header `x-seawall-warning`, to whom `warn` tells it. It refuses nothing. See *What is usual*.",
        )
        .absent("nothing is compared"),
        Statement::new("observe", NOTHING, "observe", "Counts and tells, refuses nothing.")
            .absent("what doesn't fit waits or is refused"),
        Statement::new(
            "via",
            Seq(&[Fixed("rate_limit_service"), text(Text::Cluster)]),
            r#"via rate_limit_service "ratelimit""#,
            "Counts for a whole fleet, in a rate limit service behind this cluster: see *A limit for a fleet*. While that is away \
             this proxy's own count decides. Not for requests at once.",
        )
        .absent("each proxy counts for itself"),
    ],
};
