//! `StepVisit`: one pass through a step.

use async_graphql::{Context, Object, Result};
use entity::visit;

use super::Request;
use crate::access::Field;
use crate::graphql::context::session::service;
use crate::graphql::schema::actor::Actor;
use crate::graphql::schema::procedure::{Outcome, Step};
use crate::graphql::schema::scalars::date_time::DateTime;
use crate::store::performer;

/// One pass through a step.
pub(crate) struct StepVisit {
    pub(crate) request: Request,
    pub(crate) row: visit::Model,
}

/// One pass through a step.
#[Object]
impl StepVisit {
    /// The step.
    async fn step(&self, context: &Context<'_>) -> Result<Step> {
        self.request.step(context, &self.row.step)
    }

    /// The number of the pass: 1 for the first, 2 when it came back once.
    async fn visit(&self) -> i32 {
        self.row.visit
    }

    /// When it began.
    async fn arrived_at(&self) -> DateTime {
        DateTime(self.row.arrived_at)
    }

    /// When it should end, in working time; null where the step has no standard time.
    async fn due_at(&self) -> Option<DateTime> {
        self.row.due_at.map(DateTime)
    }

    /// When it ended; null while it is under way.
    async fn completed_at(&self) -> Option<DateTime> {
        self.row.completed_at.map(DateTime)
    }

    /// The performer; null while it is under way.
    async fn performed_by(&self) -> Option<Actor> {
        Some(Actor::new(&self.request.row().office, performer(&self.row)?))
    }

    /// How it ended; null while it is under way, and for an agency where the outcome is the office's own business.
    async fn outcome(&self, context: &Context<'_>) -> Result<Option<Outcome>> {
        let entry = self.request.entry(context)?;
        let Some(key) = &self.row.outcome else { return Ok(None) };
        let Some(step) = entry.procedure.step(&self.row.step) else { return Ok(None) };
        let Some(outcome) = step.outcome(key) else { return Ok(None) };
        let seen = service(context)?.sees_outcome(&self.request.0, entry, step, outcome);
        Ok(Step::find(entry, &self.row.step).filter(|_| seen).and_then(|step| step.outcome(key)))
    }

    /// The performer's note, internal to the office; null where there is none, for an agency, and where the office's
    /// policy does not let you read it (`field:note`).
    async fn note(&self, context: &Context<'_>) -> Option<&str> {
        self.row.note.as_deref().filter(|_| self.request.is_office() && self.request.reads(context, Field::Note))
    }
}
