//! One request over a real connection: reads it, does what the plan says.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{HeaderMap, Request, Response, StatusCode};
use tokio::time::sleep;

use crate::answer::{Answer, Reply, bad_override, reply};
use crate::asked::Asked;
use crate::body::{Broken, Paced};
use crate::log::{Did, Log, Seen, Sent};
use crate::script::{Behaviour, OVERRIDE_HEADER};
use crate::state::ScriptState;
use crate::wire::Doom;

/// Told of each request as soon as it is known what will be done about it.
pub(crate) type Watch = Box<dyn Fn(&Seen) + Send + Sync>;

/// What all connections of a provider share.
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) log: Log,
    script: Mutex<ScriptState>,
    watch: Watch,
}

impl Service {
    pub(crate) fn new(name: String, script: ScriptState, watch: Watch) -> Self {
        Self { name, log: Log::default(), script: Mutex::new(script), watch }
    }

    pub(crate) fn script(&self) -> MutexGuard<'_, ScriptState> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An error makes the connection end without an answer; in a reset when `doom` is sealed.
    pub(crate) async fn serve(
        &self,
        request: Request<Incoming>,
        doom: Doom,
    ) -> Result<Response<Paced>, Broken> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let asked = Asked::read(path, &body).at(SystemTime::now());
        let (behaviour, reply) = self.decide(&head.headers, &asked)?;

        let headers = head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let seen = self.log.push(Seen {
            number: 0,
            time_ms: now_ms(),
            method: head.method.to_string(),
            sent: Sent::of(path, headers, &asked),
            did: Did { status: status_of(&reply), fault: behaviour.fault },
        });
        (self.watch)(&seen);

        if !behaviour.latency.is_zero() {
            sleep(behaviour.latency).await;
        }
        match reply {
            Reply::Answer(answer) => response(answer, &behaviour, doom),
            Reply::Reset => {
                doom.seal();
                Err(Broken)
            }
            Reply::Hang => std::future::pending().await,
        }
    }

    fn decide(&self, headers: &HeaderMap, asked: &Asked<'_>) -> Result<(Behaviour, Reply), Broken> {
        let behaviour = match headers.get(OVERRIDE_HEADER) {
            Some(value) => match Behaviour::from_override(value.as_bytes()) {
                Ok(behaviour) => behaviour,
                Err(reason) => return Ok((Behaviour::default(), Reply::Answer(bad_override(&reason)))),
            },
            // Refused since this request came in: its connection is about to be closed.
            None => self.script().advance().ok_or(Broken)?,
        };
        let reply = reply(&self.name, &behaviour, asked);
        Ok((behaviour, reply))
    }
}

fn response(answer: Answer, behaviour: &Behaviour, doom: Doom) -> Result<Response<Paced>, Broken> {
    let status = StatusCode::from_u16(answer.status).map_err(|_| Broken)?;
    let mut response = Response::builder().status(status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    // Plans that were read are checked; one made in code may hold what can't be sent.
    response.body(Paced::new(answer, behaviour, doom)).map_err(|_| Broken)
}

fn status_of(reply: &Reply) -> Option<u16> {
    match reply {
        Reply::Answer(answer) => Some(answer.status),
        Reply::Reset | Reply::Hang => None,
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
