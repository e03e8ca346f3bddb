//! The inbox: the requests that wait for a caller, read at each step of their turn from an index in the inbox's order.

use std::collections::{BTreeSet, HashSet};

use entity::request;
use sea_orm::sea_query::{Alias, BinOper, Expr, ExprTrait, Query, SelectStatement, SimpleExpr, UnionType};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Select};
use uuid::Uuid;

use super::request_counts::{counted, read_count};
use super::requests::{Order, OrderField, seeing};
use super::visibility::{Found, constant};
use super::{Page, Paging, RequestCondition, SeenRequest, Store, StoreError, Turn, Viewing, Waiting};
use crate::access::Seen;

/// The inbox's order: the oldest due first.
const ORDER: Order = Order { field: OrderField::DueAt, descending: false };

/// The most steps that are parts of their own. A person with more has offices by the dozen, and SQLite joins 500 parts at most.
const MAX_PARTS: usize = 200;

/// A part of the inbox: none is in two parts at steps.
struct Part {
    /// The step, and what is left of the condition there; none for requests with a credential for the caller.
    turn: Option<Turn>,
    condition: RequestCondition,
}

/// Returns a page of the inbox, oldest due first, with its total on demand.
pub async fn inbox_page(
    store: &Store,
    viewing: &Viewing,
    waiting: &[Waiting],
    office: Option<&str>,
    paging: &Paging,
    count: bool,
) -> Result<(Page<Seen<SeenRequest>>, Option<u64>), StoreError> {
    let waiting = in_office(waiting, office);
    let parts = parts(viewing, &waiting);
    let total = if count { Some(total(store, viewing, &waiting, &parts).await?) } else { None };
    let Some(firsts) = together(
        parts
            .iter()
            .map(|part| paging.apply(part.requests(store, viewing), ORDER.key(), id(), ORDER.descending).into_query()),
    ) else {
        return Ok((paging.finish(Vec::new()), total));
    };
    let waits = seeing(store.reader(), viewing).filter(id().in_subquery(firsts));
    let page = paging.apply(waits, ORDER.key(), id(), ORDER.descending);
    let rows = page.into_model::<Found>().all(store.reader()).await?;
    Ok((paging.finish(rows.into_iter().map(|found| found.noted(viewing)).collect()), total))
}

/// Returns the requests of the whole inbox.
pub async fn inbox_requests(
    store: &Store,
    viewing: &Viewing,
    waiting: &[Waiting],
    office: Option<&str>,
) -> Result<HashSet<Uuid>, StoreError> {
    let parts = parts(viewing, &in_office(waiting, office));
    let Some(all) = together(parts.iter().map(|part| part.requests(store, viewing).into_query())) else {
        return Ok(HashSet::new());
    };
    let rows = store.reader().query_all(&all).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?)
}

/// What waits in an office; in all without one.
fn in_office(waiting: &[Waiting], office: Option<&str>) -> Vec<Waiting> {
    waiting.iter().filter(|waiting| office.is_none_or(|office| waiting.office == office)).cloned().collect()
}

/// The ids of several statements, each in a subquery: with an order and a limit of its own it cannot stand beside others on SQLite.
fn together(parts: impl Iterator<Item = SelectStatement>) -> Option<SelectStatement> {
    let ids = |part| Query::select().column(request::Column::Id).from_subquery(part, Alias::new("part")).to_owned();
    parts.map(ids).reduce(|mut all, part| all.union(UnionType::All, part).to_owned())
}

fn id() -> SimpleExpr {
    Expr::col((request::Entity, request::Column::Id))
}

/// The parts of the inbox.
fn parts(viewing: &Viewing, waiting: &[Waiting]) -> Vec<Part> {
    let turns: BTreeSet<Turn> = waiting.iter().flat_map(Waiting::turns).collect();
    let of_all_agencies = |turn: &Turn| turns.contains(&Turn { agency: None, ..turn.clone() });
    let at_steps = viewing.at_steps(waiting);
    if turns.len() > MAX_PARTS {
        let condition = at_steps.or(viewing.to_reveal(waiting));
        return vec![Part { turn: None, condition }];
    }
    let parts = turns
        .iter()
        .filter(|turn| turn.agency.is_none() || !of_all_agencies(turn))
        .map(|turn| Part { turn: Some(turn.clone()), condition: at_steps.at(turn) });
    let to_reveal = Part { turn: None, condition: viewing.to_reveal(waiting) };
    parts.chain([to_reveal]).filter(|part| !part.condition.is_never()).collect()
}

/// How many wait: from the kept counts, where the condition is on counted columns alone.
async fn total(store: &Store, viewing: &Viewing, waiting: &[Waiting], parts: &[Part]) -> Result<u64, StoreError> {
    let (kept, read): (Vec<&Part>, Vec<&Part>) =
        parts.iter().partition(|part| part.turn.is_some() && part.condition.is_counted());
    let kept = kept.into_iter().map(|part| part.whole(store, viewing)).reduce(SimpleExpr::or);
    let kept = kept.map(|condition| counted([condition]));
    let read = read.into_iter().map(|part| {
        let mut requests = part.requests(store, viewing);
        if part.turn.is_none() && parts.len() > 1 {
            // Those that wait at a step too are counted there.
            let at_steps = viewing.at_steps(waiting).sql(store.reader(), viewing.now);
            requests = requests.filter(at_steps.binary(BinOper::IsNot, constant(true)));
        }
        let mut count = requests.into_query();
        count.clear_selects().expr(Expr::cust("COUNT(*)")).to_owned()
    });
    let numbers = kept.into_iter().chain(read).map(|count| SimpleExpr::SubQuery(None, Box::new(count.into())));
    match numbers.reduce(SimpleExpr::add) {
        Some(sum) => read_count(store, &Query::select().expr(sum).to_owned()).await,
        None => Ok(0),
    }
}

impl Part {
    /// The condition of the part's step.
    fn step(&self) -> Option<SimpleExpr> {
        let turn = self.turn.as_ref()?;
        let at = request::Column::Office
            .eq(turn.office.as_str())
            .and(request::Column::Procedure.eq(turn.procedure.as_str()))
            .and(request::Column::Step.eq(turn.step.as_str()));
        Some(match turn.agency {
            Some(agency) => at.and(request::Column::AgencyId.eq(agency)),
            None => at,
        })
    }

    /// The whole condition.
    fn whole(&self, store: &Store, viewing: &Viewing) -> SimpleExpr {
        let condition = self.condition.sql(store.reader(), viewing.now);
        match self.step() {
            Some(step) => step.and(condition).and(request::Column::FinishedAt.is_null()),
            None => condition,
        }
    }

    /// The ids of the part's requests.
    fn requests(&self, store: &Store, viewing: &Viewing) -> Select<request::Entity> {
        request::Entity::find().select_only().column(request::Column::Id).filter(self.whole(store, viewing))
    }
}
