//! What a request asks of its answer, whatever its dialect.

use std::rc::Rc;

use seawall_schema::Schema;

/// The format and the tools that a request brings along.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// Its answer is to be JSON that fits.
    pub(crate) schema: Option<Rc<Schema>>,
    /// Its answer is to be JSON, whatever it says.
    pub(crate) json: bool,
    pub(crate) tools: Vec<Tool>,
    /// What the user has said last, where a rule asks for its language.
    pub(crate) last_text: String,
}

/// A tool that the model may call.
#[derive(Clone, Debug)]
pub(crate) struct Tool {
    pub(crate) name: String,
    /// What its arguments must fit.
    pub(crate) schema: Option<Rc<Schema>>,
}
