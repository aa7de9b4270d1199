//! Prints the words of the language, for the fuzzer.

fn main() {
    print!("{}", seawall_policy_fuzz::dictionary());
}
