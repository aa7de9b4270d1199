//! What is learned of models from the usage their providers report. Each cell has a fixed size, begins with the version of
//! its layout, and is little-endian; one that can't be read is a fresh one. Cells are values: where they lie and who
//! writes last is the caller's to decide.

mod calibration;
mod outputs;

pub use self::calibration::{Calibration, Estimate};
pub use self::outputs::{Outputs, expected_output};
