//! Threads that must be in nobody's way.

/// How much less important they are than those that serve.
const NICE: i32 = 10;

/// Makes the calling thread, and no other, give way to those that serve. Without the right to be less important it is as
/// important as they are.
pub fn give_way() {
    let _ = rustix::process::nice(NICE);
}
