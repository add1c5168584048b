//! Long tasks: one actor each, one state machine for all.

use actix::prelude::*;
use indexmap::IndexMap;
use serde::Serialize;

/// Where a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Not begun.
    Pending,
    /// Under way.
    Running,
    /// Held.
    Paused,
    /// Failed, to be tried again.
    Retrying,
    /// Told to end.
    Cancelling,
    /// Done.
    Completed,
    /// Done in part.
    Partial,
    /// Failed for good.
    Failed,
    /// Took too long.
    Timeout,
    /// Ended on request.
    Cancelled,
    /// Nothing to do.
    Skipped,
}

/// What happens to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "Result<JobState, IllegalJobControl>")]
pub enum JobControl {
    /// Begin, or begin again after a failure.
    Run,
    /// Hold.
    Pause,
    /// Go on.
    Resume,
    /// End it.
    Cancel,
    /// It stopped because it was told to.
    Stopped,
    /// It is done.
    Complete,
    /// It failed; `again` says whether it will be retried.
    Fail {
        /// Whether it will be retried.
        again: bool,
    },
}

/// Something that cannot happen to a job now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a job that is {state:?} cannot take {control:?}")]
pub struct IllegalJobControl {
    /// Where it is.
    pub state: JobState,
    /// What was asked.
    pub control: JobControl,
}

impl JobState {
    /// The state after `control`.
    ///
    /// # Errors
    /// When the control makes no sense now.
    pub fn after(self, control: JobControl) -> Result<Self, IllegalJobControl> {
        use JobControl as C;
        use JobState as S;
        Ok(match (self, control) {
            (S::Pending | S::Retrying | S::Failed, C::Run) => S::Running,
            (S::Running, C::Pause) => S::Paused,
            (S::Paused, C::Resume) => S::Running,
            (S::Pending | S::Paused | S::Retrying, C::Cancel) => S::Cancelled,
            (S::Running, C::Cancel) => S::Cancelling,
            (S::Cancelling, C::Stopped | C::Complete | C::Fail { .. }) => S::Cancelled,
            (S::Running, C::Complete) => S::Completed,
            (S::Running, C::Fail { again: true }) => S::Retrying,
            (S::Running, C::Fail { again: false }) => S::Failed,
            (state, control) => return Err(IllegalJobControl { state, control }),
        })
    }
}

/// One long task.
pub struct Job {
    status: JobStatus,
}

/// How a job is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobStatus {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub state: JobState,
    /// Percent done.
    pub progress: u8,
}

/// Makes a job; nothing happens when there is one of that name.
#[derive(Message)]
#[rtype(result = "()")]
pub struct StartJob(pub String);

/// Asks a job, by name, for something.
#[derive(Message)]
#[rtype(result = "Option<Result<JobState, IllegalJobControl>>")]
pub struct ControlJob(pub String, pub JobControl);

/// Asks how a job is.
#[derive(Message)]
#[rtype(result = "Option<JobStatus>")]
pub struct GetJob(pub String);

#[derive(Message)]
#[rtype(result = "JobStatus")]
struct Ask;

/// Finds jobs by name.
#[derive(Default)]
pub struct JobSupervisor {
    jobs: IndexMap<String, Addr<Job>>,
}

impl Actor for JobSupervisor {
    type Context = Context<Self>;
}

impl Actor for Job {
    type Context = Context<Self>;
}

impl Handler<StartJob> for JobSupervisor {
    type Result = ();
    fn handle(&mut self, StartJob(name): StartJob, _: &mut Self::Context) {
        let status = JobStatus { name: name.clone(), state: JobState::Pending, progress: 0 };
        self.jobs.entry(name).or_insert_with(|| Job { status }.start());
    }
}

impl Handler<ControlJob> for JobSupervisor {
    type Result = ResponseFuture<Option<Result<JobState, IllegalJobControl>>>;
    fn handle(
        &mut self,
        ControlJob(name, control): ControlJob,
        _: &mut Self::Context,
    ) -> Self::Result {
        let job = self.jobs.get(&name).cloned();
        Box::pin(async move { job?.send(control).await.ok() })
    }
}

impl Handler<GetJob> for JobSupervisor {
    type Result = ResponseFuture<Option<JobStatus>>;
    fn handle(&mut self, GetJob(name): GetJob, _: &mut Self::Context) -> Self::Result {
        let job = self.jobs.get(&name).cloned();
        Box::pin(async move { job?.send(Ask).await.ok() })
    }
}

impl Handler<JobControl> for Job {
    type Result = MessageResult<JobControl>;
    fn handle(&mut self, control: JobControl, _: &mut Self::Context) -> Self::Result {
        let after = self.status.state.after(control);
        if let Ok(state) = after {
            self.status.state = state;
            self.status.progress =
                if state == JobState::Completed { 100 } else { self.status.progress };
        }
        MessageResult(after)
    }
}

impl Handler<Ask> for Job {
    type Result = MessageResult<Ask>;
    fn handle(&mut self, _: Ask, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.status.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_job_is_cancelled_in_two_steps() {
        let cancelling = JobState::Running.after(JobControl::Cancel).unwrap();
        assert_eq!(cancelling, JobState::Cancelling);
        assert_eq!(cancelling.after(JobControl::Complete), Ok(JobState::Cancelled));
    }

    #[test]
    fn what_is_over_stays_over() {
        for state in [JobState::Completed, JobState::Cancelled, JobState::Skipped] {
            assert!(state.after(JobControl::Run).is_err());
            assert!(state.after(JobControl::Cancel).is_err());
        }
    }
}
