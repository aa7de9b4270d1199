//! Golden sets: requests whose answers are known to have certain properties, asked of a model through whatever serves it, and
//! compared with how it did before.
//!
//! | part | |
//! |---|---|
//! | `set` | the file: cases, and what all of them share |
//! | `call` | one case's request over HTTP |
//! | `answer` | what of an answer is judged, in the dialects of OpenAI and Anthropic |
//! | `judge` | whether it is as expected |
//! | `result` | what a run came to, its budget, and a run before to compare with |
//! | `page` | all of it as a page to look at |

mod answer;
mod call;
mod judge;
mod page;
mod result;
mod set;

pub use call::Caller;
pub use judge::Judged;
pub use page::page;
pub use result::{Baseline, Run, Verdict};
pub use set::{Case, Set};
