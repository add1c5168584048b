//! What passes between an engine process and an exchange process: frames of a length (32 bits, big
//! endian) and a value in postcard.

use std::io;

use banyan::simulation::audit::VenueBooks;
use banyan_core::ids::AccountId;
use banyan_core::instrument::{InstrumentId, Instruments};
use banyan_core::market::{Candle, MarketEvent};
use banyan_core::time::Timeframe;
use banyan_core::venue::{VenueCommand, VenueMessage};
use banyan_matching::exchange::AccountSettings as VenueAccount;
use banyan_matching::faults::FaultSettings;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// No frame is longer than this many bytes.
const LONGEST: usize = 64 << 20;

/// To the exchange. Questions have a number, which the answer repeats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Request {
    /// Asks what is listed.
    Enter,
    Connect(AccountId),
    ConnectFeed,
    Call {
        account: AccountId,
        command: VenueCommand,
    },
    Candles {
        number: u64,
        instrument: InstrumentId,
        timeframe: Timeframe,
        limit: u32,
    },
    Open {
        number: u64,
        account: AccountId,
        settings: Box<VenueAccount>,
    },
    /// The controller turns the fault dial.
    SetFaults {
        number: u64,
        settings: FaultSettings,
    },
    /// The controller looks at the books.
    Books {
        number: u64,
        accounts: Vec<AccountId>,
    },
    /// The controller asks how many engines are connected.
    CountEngines {
        number: u64,
    },
}

/// From the exchange.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Reply {
    Listed(Instruments),
    Delivery { account: AccountId, message: VenueMessage },
    Market(Vec<MarketEvent>),
    Candles { number: u64, candles: Vec<Candle> },
    Done { number: u64 },
    Books { number: u64, books: Vec<VenueBooks> },
    Engines { number: u64, count: u64 },
}

/// Writes a frame.
pub(crate) async fn write(
    sink: &mut (impl AsyncWrite + Unpin),
    value: &impl Serialize,
) -> io::Result<()> {
    let mut frame = vec![0; 4];
    frame = postcard::to_extend(value, frame).expect("plain values can be written to memory");
    let length = u32::try_from(frame.len() - 4).expect("frames are short");
    frame[..4].copy_from_slice(&length.to_be_bytes());
    // One write for each frame: a process that dies sent a frame as a whole or not at all.
    sink.write_all(&frame).await
}

/// Reads a frame; fails at the end of the stream.
pub(crate) async fn read<T: DeserializeOwned>(
    source: &mut (impl AsyncRead + Unpin),
) -> io::Result<T> {
    let length = source.read_u32().await? as usize;
    if length > LONGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut frame = vec![0; length];
    source.read_exact(&mut frame).await?;
    postcard::from_bytes(&frame).map_err(io::Error::other)
}

/// Everything comes through as it was, however the stream is cut into pieces.
pub(crate) async fn check_frames() {
    let requests = [
        Request::Enter,
        Request::Connect(AccountId::from_u128(7)),
        Request::SetFaults { number: 3, settings: FaultSettings::bad_day() },
        Request::Call {
            account: AccountId::from_u128(7),
            command: VenueCommand::FetchSnapshot { since: banyan_core::time::Timestamp(5) },
        },
    ];
    let (mut near, mut far) = tokio::io::duplex(3);
    let sent = requests.clone();
    let writer = async move {
        for request in &sent {
            write(&mut near, request).await.expect("the other end reads");
        }
    };
    let reader = async {
        for request in &requests {
            assert_eq!(read::<Request>(&mut far).await.expect("a frame"), *request);
        }
        assert!(read::<Request>(&mut far).await.is_err(), "the stream has ended");
    };
    tokio::join!(writer, reader);
}
