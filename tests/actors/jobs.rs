//! Jobs: found by name, one state machine.

use actix::prelude::*;
use banyan::actors::{ControlJob, GetJob, JobControl, JobState, JobSupervisor, StartJob};
use banyan::simulation::{Pace, run};

#[test]
fn a_job_lives_by_its_state_machine() {
    run(Pace::Unlimited, async {
        let jobs = JobSupervisor::default().start();
        let name = || "download".to_owned();
        jobs.send(StartJob(name())).await.unwrap();
        let control = |it| jobs.send(ControlJob(name(), it));
        assert_eq!(control(JobControl::Run).await.unwrap(), Some(Ok(JobState::Running)));
        assert_eq!(control(JobControl::Pause).await.unwrap(), Some(Ok(JobState::Paused)));
        let refused = control(JobControl::Complete).await.unwrap().unwrap();
        assert!(refused.unwrap_err().to_string().contains("Paused"));
        assert_eq!(control(JobControl::Resume).await.unwrap(), Some(Ok(JobState::Running)));
        assert_eq!(control(JobControl::Complete).await.unwrap(), Some(Ok(JobState::Completed)));
        let status = jobs.send(GetJob(name())).await.unwrap().unwrap();
        assert_eq!((status.state, status.progress), (JobState::Completed, 100));
        assert!(jobs.send(GetJob("nobody".to_owned())).await.unwrap().is_none());
    });
}
