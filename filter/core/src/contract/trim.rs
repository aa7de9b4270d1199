//! Leaves the oldest turns of a conversation out, so that what remains fits.
//!
//! **What is left out.** A turn begins with what the user says and ends before the user speaks again. Whole turns go, the
//! oldest first. Where all but the last are gone and it still is too long, rounds of the last one go, the oldest first: a round is what
//! the model says and calls, and the results. Agents work for hours at one question, and that is where their length lies.
//!
//! **What stays.** Instructions of the application, wherever they stand; the last that the user says; the last round; and calls
//! of tools with their results: where a pair reaches over a boundary, nothing is cut there. So the conversation begins with the
//! user, as Anthropic, Gemini and Bedrock demand, its roles take turns as they did before, and no result lacks its call, which all of
//! them refuse.
//!
//! What is left out is cut from the bytes; everything else stays as it is. Time is linear in the body but for a map of the calls.

use std::collections::BTreeMap;

use seawall_tokens::{Message, Tally};

use crate::body::{Link, Speaker, speaker};

/// Most messages of a conversation that is trimmed.
pub(crate) const MOST_MESSAGES: usize = 1 << 16;

/// What is left of a conversation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Trimmed {
    pub(crate) body: Vec<u8>,
    /// Messages left out.
    pub(crate) messages: u32,
    /// What the request counts now.
    pub(crate) tally: Tally,
}

/// Messages that are left out together or not at all.
struct Piece {
    start: usize,
    end: usize,
    /// The user begins to speak.
    opens_turn: bool,
    /// It holds what must stay.
    is_kept: bool,
}

/// Leaves out as few of the oldest turns as it takes for the request to fit, of which `all` is the count; the least that may be left, and
/// what that counts, where even this doesn't fit.
pub(crate) fn trim(
    body: &[u8],
    messages: &[Message],
    all: &Tally,
    fits: impl Fn(&Tally) -> bool,
) -> Result<Trimmed, Tally> {
    let mut tally = *all;
    if messages.len() > MOST_MESSAGES {
        return Err(tally);
    }
    let mut links = Vec::new();
    let json = |message: &Message| body.get(message.place.clone()).unwrap_or_default();
    let speakers: Vec<Speaker> = messages
        .iter()
        .enumerate()
        .map(|(number, message)| speaker(json(message), number, &mut links))
        .collect();
    let pieces = pieces(&speakers, &links);
    let Some(last_turn) = pieces.iter().rposition(|piece| piece.opens_turn) else { return Err(tally) };
    let mut is_out = vec![false; messages.len()];
    let mut out = 0;
    for step in steps(&pieces, last_turn) {
        for piece in pieces.get(step).into_iter().flatten() {
            let range = piece.start..piece.end;
            let here = messages.get(range.clone()).into_iter().flatten();
            let speakers = speakers.get(range.clone()).into_iter().flatten();
            let flags = is_out.get_mut(range).into_iter().flatten();
            for ((message, speaker), flag) in here.zip(speakers).zip(flags) {
                if *speaker != Speaker::Instruction {
                    tally.take_all(&message.tally);
                    *flag = true;
                    out += 1;
                }
            }
        }
        if fits(&tally) {
            return Ok(Trimmed { body: cut(body, messages, &is_out), messages: out, tally });
        }
    }
    Err(tally)
}

/// Which pieces are left out together, one after the other.
fn steps(pieces: &[Piece], last_turn: usize) -> Vec<std::ops::Range<usize>> {
    let mut steps = Vec::new();
    let mut start = 0;
    while start < last_turn {
        let opens = |piece: &Piece| piece.opens_turn;
        let rest = pieces.get(start + 1..last_turn).unwrap_or_default();
        let end = rest.iter().position(opens).map_or(last_turn, |next| start + 1 + next);
        if pieces.get(start..end).is_some_and(|turn| turn.iter().all(|piece| !piece.is_kept)) {
            steps.push(start..end);
        }
        start = end;
    }
    let rounds = last_turn + 1..pieces.len().saturating_sub(1);
    steps.extend(
        rounds
            .filter(|round| pieces.get(*round).is_some_and(|piece| !piece.is_kept))
            .map(|round| round..round + 1),
    );
    steps
}

/// Cuts a conversation where that may be done. Instructions count to the piece that they stand in.
fn pieces(speakers: &[Speaker], links: &[Link]) -> Vec<Piece> {
    let (is_joined, is_kept) = joined(speakers.len(), links);
    let last_words = speakers
        .iter()
        .rposition(|speaker| matches!(speaker, Speaker::User | Speaker::Tool { has_words: true }));
    let mut pieces: Vec<Piece> = Vec::new();
    let mut before = None;
    for (number, speaker) in speakers.iter().enumerate() {
        let begins = match (before, speaker) {
            (_, Speaker::Instruction) => pieces.is_empty(),
            (Some(Speaker::User), Speaker::User) => false,
            (_, Speaker::User) => true,
            (Some(Speaker::Model), Speaker::Model) => false,
            (_, Speaker::Model) => true,
            (_, Speaker::Tool { .. }) => pieces.is_empty(),
        };
        let is_joined = is_joined.get(number).copied().unwrap_or_default();
        if begins && (pieces.is_empty() || !is_joined) {
            let opens_turn = *speaker == Speaker::User;
            pieces.push(Piece { start: number, end: number, opens_turn, is_kept: false });
        }
        if let Some(piece) = pieces.last_mut() {
            piece.end = number + 1;
            // What the user says last is in the last turn, which goes on after the piece that begins it.
            piece.is_kept |= is_kept.get(number).copied().unwrap_or_default() || last_words == Some(number);
        }
        if *speaker != Speaker::Instruction {
            before = Some(*speaker);
        }
    }
    pieces
}

/// Which messages belong to one before them, by calls of tools and their results; and which hold results whose call isn't here,
/// and is known to the provider.
fn joined(count: usize, links: &[Link]) -> (Vec<bool>, Vec<bool>) {
    let mut calls = BTreeMap::new();
    let (mut opened, mut closed, mut is_kept) =
        (vec![0_u32; count + 1], vec![0_u32; count + 1], vec![false; count]);
    let add = |list: &mut Vec<u32>, at: usize| list.get_mut(at).into_iter().for_each(|number| *number += 1);
    for link in links {
        if link.is_call {
            calls.insert(link.hash, link.message);
        } else if let Some(call) = calls.get(&link.hash) {
            add(&mut opened, call + 1);
            add(&mut closed, link.message + 1);
        } else if let Some(is_kept) = is_kept.get_mut(link.message) {
            *is_kept = true;
        }
    }
    let mut open = 0_u32;
    let is_joined = opened.iter().zip(&closed).map(|(opened, closed)| {
        open = (open + opened).saturating_sub(*closed);
        open > 0
    });
    (is_joined.collect(), is_kept)
}

/// The body without these messages, each with the comma after it. The last one never is among them.
fn cut(body: &[u8], messages: &[Message], is_out: &[bool]) -> Vec<u8> {
    let mut left = Vec::with_capacity(body.len());
    let mut at = 0;
    for ((message, next), _) in
        messages.iter().zip(messages.iter().skip(1)).zip(is_out).filter(|(_, out)| **out)
    {
        left.extend_from_slice(body.get(at..message.place.start).unwrap_or_default());
        at = next.place.start;
    }
    left.extend_from_slice(body.get(at..).unwrap_or_default());
    left
}

#[cfg(test)]
#[path = "trim_tests.rs"]
mod tests;
