//! `health`.

use super::super::{Block, Leaf, Shape, Statement, Text};
use super::text;
use crate::doc;

pub(super) const HEALTH: Statement = Statement::new(
    "health",
    Shape::Block(&BODY),
    "health { auth bearer env.HEALTH_TOKEN }",
    "Answers `GET /seawall/health` with how its targets are, for those who may read it. To all others that path is one like any other.",
)
.absent("there is no such page");

static BODY: Block = Block {
    word: "health",
    doc: doc(
        "Who may read `GET /seawall/health`. At least one statement; with both, both must hold.",
    ),
    statements: &[
        Statement::new(
            "auth",
            Shape::Leaf(Leaf::Auth),
            r#"auth header "x-health-key" env.HEALTH_KEY"#,
            "Whoever shows this secret, read from an environment variable of the proxy: `authorization: Bearer …`, or a header.",
        )
        .absent("no secret is asked for"),
        Statement::new(
            "from",
            Shape::List(&text(Text::Network), 64, "networks"),
            r#"from "10.0.0.0/8", "::1""#,
            "Whoever comes from one of these addresses, as the proxy sees them: where it believes `x-forwarded-for`, so does this.",
        )
        .absent("the address doesn't matter"),
    ],
};
