//! A full disk: entries are refused with a reason, the stop of an open position stays, and trading
//! resumes by itself when there is room again.
//!
//! The disk is a small one in memory, mounted in a namespace of the test's own, so that no rights
//! are needed on machines that give namespaces to everybody.
