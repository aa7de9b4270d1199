//! The language server: what [`seawall_policy::ide`] knows, in the words of the
//! [protocol](https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/).
//!
//! One thread answers one message after the other. Findings are told when no message waits, so that an editor that types
//! faster than a policy is checked isn't told about each letter.
//!
//! | state | message | answer | then |
//! |---|---|---|---|
//! | starting | `initialize` | capabilities | serving |
//! | starting | another request | `ServerNotInitialized` | starting |
//! | serving | a request | its result or an error | serving |
//! | serving | `shutdown` | `null` | ending |
//! | ending | a request | `InvalidRequest` | ending |
//! | any | `exit`, end of input | | over; well only when it was ending |
//!
//! Notifications that aren't known or can't be read are left out, as the protocol has it.

mod actions;
mod capabilities;
mod changes;
mod convert;
mod lines;
mod server;
mod symbols;

use lsp_server::{Connection, ErrorCode, Message, Request, Response};
use lsp_types::InitializeParams;

use server::Server;

/// Answers until the editor says `exit` or goes away. Whether it said `shutdown` before.
pub fn serve(connection: &Connection) -> bool {
    let Some(mut server) = start(connection) else { return false };
    let mut ending = false;
    loop {
        let message = connection.receiver.try_recv().or_else(|_nothing_waits| {
            for told in server.findings() {
                send(connection, told);
            }
            connection.receiver.recv()
        });
        let Ok(message) = message else { return false };
        match message {
            Message::Notification(told) if told.method == "exit" => return ending,
            Message::Notification(told) => server.notify(&told.method, told.params),
            Message::Response(_) => {}
            Message::Request(request) if ending || request.method == "initialize" => {
                let message =
                    if ending { "the server is shutting down" } else { "the server has started already" };
                send(connection, error(request, ErrorCode::InvalidRequest, message));
            }
            Message::Request(request) if request.method == "shutdown" => {
                ending = true;
                send(connection, Response::new_ok(request.id, ()));
            }
            Message::Request(request) => {
                let response = server.answer(request);
                send(connection, response);
            }
        }
    }
}

/// Up to the answer to `initialize`. `None` when there is none to come.
fn start(connection: &Connection) -> Option<Server> {
    loop {
        match connection.receiver.recv().ok()? {
            Message::Request(request) if request.method == "initialize" => {
                match serde_json::from_value::<InitializeParams>(request.params.clone()) {
                    Ok(params) => {
                        let (server, result) = capabilities::agree(&params);
                        send(connection, Response::new_ok(request.id, result));
                        return Some(server);
                    }
                    Err(wrong) => {
                        send(connection, error(request, ErrorCode::InvalidParams, &wrong.to_string()))
                    }
                }
            }
            Message::Request(request) => {
                send(connection, error(request, ErrorCode::ServerNotInitialized, "`initialize` comes first"));
            }
            Message::Notification(told) if told.method == "exit" => return None,
            Message::Notification(_) | Message::Response(_) => {}
        }
    }
}

fn error(request: Request, code: ErrorCode, message: &str) -> Response {
    Response::new_err(request.id, code as i32, message.to_string())
}

/// An editor that no longer listens will soon have gone away, which ends the loop.
fn send(connection: &Connection, message: impl Into<Message>) {
    let _gone = connection.sender.send(message.into());
}
