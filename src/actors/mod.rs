//! Everything that lives: the supervision tree.
//!
//! Actors carry, they hold no rule: each owns one state of the core, feeds it events from its
//! mailbox, and carries out the effects it returns. They talk in messages only. Every mailbox has
//! a bound; what may not be lost (fills, records) is delivered past it, what may be refused
//! (commands) is refused when it is full.
//!
//! ```text
//! Engine
//!  |- Directory          account -> address
//!  |- JournalWriter      the only one that writes; group commit
//!  |- ModelDesk          every question to a model
//!  |- Notifier           what people should know
//!  |- MarketFeed         market data to accounts and workers
//!  |- AccountSupervisor  -> AccountConnection, one per account
//!  |- WorkerSupervisor   -> StrategyWorker, one per running strategy
//!  |- ChannelSupervisor  -> WsChannel, one per channel
//!  '- JobSupervisor      -> Job, one per long task
//! ```

mod account;
mod account_supervisor;
mod channel;
mod directory;
mod engine;
mod feed;
mod handle;
mod job;
mod journal;
mod model_desk;
mod notifier;
mod prices;
mod publisher;
pub mod supervision;
mod watchdog;
mod worker;
mod worker_supervisor;

pub use account::{
    AccountConnection, AccountRecovered, AccountView, Arm, AttachWorker, CancelOrder,
    ClosePosition, GetAccount, SetKillLevel, SubmitIntents,
};
pub use account_supervisor::{AccountPorts, AccountSupervisor, PrepareAccount};
pub use channel::{
    ChannelSupervisor, CountSubscribers, Frame, Publish, SUBSCRIBER_QUEUE, Subscribe, Subscription,
    WsChannel,
};
pub use directory::{Directory, Lookup};
pub use engine::{
    AccountRequest, Engine, EnginePorts, EngineStatus, GetStatus, OnAccount, OnWorker, Panic,
    StartAccount, StopEngine, Terminate,
};
pub use feed::{MarketFeed, SubscribeFeed};
pub use handle::{AccountPlan, EngineError, EngineHandle};
pub use job::{
    ControlJob, GetJob, IllegalJobControl, Job, JobControl, JobState, JobStatus, JobSupervisor,
    StartJob,
};
pub use journal::{Append, JournalWriter};
pub use model_desk::{AskModel, ModelDesk, WithdrawQuestions};
pub use notifier::{GetNotices, Level, Notice, Notifier};
pub use publisher::KeepReport;
pub use watchdog::watch;
pub use worker::{Answered, InjectPanic, StrategyWorker, WorkerReport};
pub use worker_supervisor::{
    GetWorkers, PauseWorker, ResolveDecision, StartWorker, StopWorker, TellWorker, TriggerWorker,
    WorkerSpec, WorkerState, WorkerStatus, WorkerSupervisor,
};
