//! A server that writes bytes as a script says: pauses, cuts and silence that no HTTP library
//! would let through.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One step of a script.
#[derive(Clone)]
pub(crate) enum Step {
    Write(String),
    /// Writes the same again and again, so many times.
    Repeat(String, usize),
    Pause(Duration),
    /// Says nothing more, and keeps the connection.
    Hang,
}

/// The head of a stream of events that ends when the connection does.
pub(crate) fn head() -> Step {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    Step::Write(head.to_owned())
}

/// A server that plays a script to each connection; returns the address of a provider.
pub(crate) async fn playing(script: Vec<Step>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(play(connection, script.clone()));
        }
    });
    format!("http://{address}/v1")
}

async fn play(mut connection: TcpStream, script: Vec<Step>) {
    read_request(&mut connection).await;
    for step in script {
        let written = match step {
            Step::Write(text) => connection.write_all(text.as_bytes()).await,
            Step::Repeat(text, times) => {
                let mut written = Ok(());
                for _ in 0..times {
                    written = connection.write_all(text.as_bytes()).await;
                    if written.is_err() {
                        break;
                    }
                }
                written
            }
            Step::Pause(pause) => {
                tokio::time::sleep(pause).await;
                Ok(())
            }
            Step::Hang => std::future::pending().await,
        };
        if written.is_err() {
            return;
        }
    }
}

/// Reads a request to its end, so that closing the connection does not reset it.
async fn read_request(connection: &mut TcpStream) {
    let (mut request, mut piece) = (Vec::new(), [0; 4_096]);
    loop {
        let text = String::from_utf8_lossy(&request).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |it| it.parse().unwrap()) {
                return;
            }
        }
        match connection.read(&mut piece).await {
            Ok(0) | Err(_) => return,
            Ok(read) => request.extend(&piece[..read]),
        }
    }
}

/// An address at which nobody listens.
pub(crate) async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}/v1", listener.local_addr().unwrap())
}
