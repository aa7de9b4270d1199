//! What loads and can't be meant.

use crate::ast::File;
use crate::diagnostic::Sink;
use crate::policy::Policy;

pub(crate) fn check(_file: &File<'_>, _policy: &Policy, _sink: &mut Sink) {}
