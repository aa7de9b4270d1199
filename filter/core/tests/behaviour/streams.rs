//! Streams: what of them reaches the client, whatever becomes of the attempts beside them.

use crate::world::{Fate, Request, Sense, World, text};

fn policy(rest: &str) -> String {
    format!(
        r#"
        seawall 1
        target a {{ cluster "a"  provider openai }}
        target b {{ cluster "b"  provider openai }}
        retry quick {{ attempts 3  backoff full_jitter 1ms .. 2ms }}
        route chat {{ match path "/v1/chat/completions"  retry quick  timeout 2s  {rest} }}
        "#
    )
}

fn one(rest: &str, upstream_half: bool, mut fate: impl FnMut(&str) -> Fate + 'static) -> (World, u32) {
    let mut world = World::new(&policy(rest), 1, 7, move |target, _| fate(target));
    world.upstream_half = upstream_half;
    let id = world.send_to(0, "/v1/chat/completions", &[], br#"{"model":"m","stream":true}"#.to_vec());
    world.settle();
    (world, id)
}

#[test]
fn a_hedge_that_ends_while_the_winning_stream_still_passes_changes_nothing_of_it() {
    for upstream_half in [false, true] {
        let (world, id) = one("try a, b  hedge after 100ms at most 100%", upstream_half, |target| {
            if target == "a" { Fate::Slow(150) } else { Fate::Status(200) }
        });
        let whole = Sense::Whole(text(&Request::mark(id, 1)));
        assert_eq!((world.tried(id).as_str(), world.got(id).sense()), ("a b", whole));
        assert_eq!(world.requests[&id].outcomes, ["success", "success"], "both are counted");
    }
}

#[test]
fn a_target_whose_stream_never_begins_is_not_asked_again() {
    for upstream_half in [false, true] {
        for mode in ["live", "until_commit", "complete"] {
            let (world, id) = one(&format!("try a  stream {mode}"), upstream_half, |_| Fate::Hang);
            assert_eq!((world.tried(id).as_str(), world.got(id).status), ("a", 504), "{mode}");
        }
    }
}
