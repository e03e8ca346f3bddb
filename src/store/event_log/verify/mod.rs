//! Tamper detection (audit): verifies every request's hash chain, its row and dependent rows, then the log.
//!
//! Reads one snapshot of the database in batches. Memory is bounded by the largest request, not by their number.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use entity::{
    agency, disposition, disposition_read, document, event, grant, log, log_end, office_chain, pending, policy,
    request, signature, submission, visit,
};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, IsolationLevel, JoinType,
    ModelTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, TransactionOptions, TransactionTrait,
};
use uuid::Uuid;

use super::row_mac::{assets_covered, chain_mac, cover, end_mac, event_mac, log_mac, name, row_mac};
use crate::event::{Body, Covers, LogLink, OfficeEventBody, OfficeEventKind, RequestEventBody};
use crate::store::{Store, StoreError};

/// Batch sizes of statements: requests with their dependent rows; events or rows of the log.
const REQUESTS: u64 = 100;
const EVENTS: u64 = 500;

/// Tables of dependent rows, each with its column and parent table: a row without a parent was inserted, or lost its parent.
const HANGING: [(&str, &str, &str); 9] = [
    ("submissions", "request_id", "requests"),
    ("visits", "request_id", "requests"),
    ("dispositions", "request_id", "requests"),
    ("disposition_reads", "disposition_id", "dispositions"),
    ("documents", "request_id", "requests"),
    ("signatures", "document_id", "documents"),
    ("assets", "request_id", "requests"),
    ("held_units", "asset_id", "assets"),
    ("credentials", "asset_id", "assets"),
];

/// The first defect in the log or a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// Where: a request's number and a sequence, or a position of the log.
    pub at: String,
    /// The fault.
    pub what: String,
}

impl Defect {
    fn of_event(number: &str, sequence: i64, what: impl Into<String>) -> Self {
        Self { at: format!("request {number}, event {sequence}"), what: what.into() }
    }

    fn of_log(position: i64, what: &str) -> Self {
        Self { at: format!("log position {position}"), what: what.to_owned() }
    }
}

/// The reason for an early end of verification.
enum Halt {
    Found(Defect),
    Failed(StoreError),
}

impl From<Defect> for Halt {
    fn from(defect: Defect) -> Self {
        Self::Found(defect)
    }
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl From<DbErr> for Halt {
    fn from(error: DbErr) -> Self {
        Self::Failed(error.into())
    }
}

/// The end of the log as an event recorded it.
struct Link {
    /// The event.
    at: String,
    position: i64,
    last: String,
}

/// Checks a request's row against its replayed events; the error names the difference.
pub type Follows<'a> = &'a (dyn Fn(&request::Model, &[event::Model]) -> Result<(), String> + Sync);

/// Verifies every request's chain, its row and dependent rows, then the log. Returns the number of events.
pub async fn verify(store: &Store, follows: Follows<'_>) -> Result<Result<u64, Defect>, StoreError> {
    // One snapshot: concurrent writes are neither missing nor too much.
    let isolation = match store.reader().get_database_backend() {
        DbBackend::Sqlite => None,
        _ => Some(IsolationLevel::RepeatableRead),
    };
    let options = TransactionOptions { isolation_level: isolation, ..Default::default() };
    let moment = store.reader().begin_with_options(options).await?;
    let mut proof = Proof {
        store,
        follows,
        moment: &moment,
        waiting: VecDeque::new(),
        read: (Uuid::nil(), 0),
        count: 0,
        links: Vec::new(),
        torn: None,
    };
    match proof.all().await {
        Ok(count) => Ok(Ok(count)),
        Err(Halt::Found(defect)) => Ok(Err(defect)),
        Err(Halt::Failed(error)) => Err(error),
    }
}

/// The progress of verification.
struct Proof<'a> {
    store: &'a Store,
    follows: Follows<'a>,
    moment: &'a DatabaseTransaction,
    /// Events read, and not verified yet.
    waiting: VecDeque<event::Model>,
    /// The request and the sequence of the last event read.
    read: (Uuid, i64),
    /// Number of events verified.
    count: u64,
    /// Recorded ends of the log, not yet compared with it.
    links: Vec<Link>,
    /// The first event contradicting the log. Reported last: a torn log itself says more.
    torn: Option<Defect>,
}

impl Proof<'_> {
    async fn all(&mut self) -> Result<u64, Halt> {
        let mut after = Uuid::nil();
        loop {
            let rows = request::Entity::find()
                .filter(request::Column::Id.gt(after))
                .order_by_asc(request::Column::Id)
                .limit(REQUESTS)
                .all(self.moment)
                .await?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
            let mut hanging = self.hanging(&ids).await?;
            for row in &rows {
                let told = self.events(row).await?;
                rows_agree(&format!("request {}", row.number), told, hanging.remove(&row.id).unwrap_or_default())?;
            }
        }
        if let Some(event) = self.next_event().await? {
            return Err(lost(&event).into());
        }
        self.offices().await?;
        self.hold_links().await?;
        self.log().await?;
        self.parents().await?;
        match self.torn.take() {
            Some(defect) => Err(defect.into()),
            None => Ok(self.count),
        }
    }

    /// The next event by request and sequence.
    async fn next_event(&mut self) -> Result<Option<event::Model>, StoreError> {
        if self.waiting.is_empty() {
            let column = |column| Expr::col((event::Entity, column));
            let place = Expr::tuple([column(event::Column::RequestId), column(event::Column::Sequence)]);
            let read = Expr::tuple([Expr::val(self.read.0), Expr::val(self.read.1)]);
            let next = event::Entity::find()
                .filter(place.gt(read))
                .filter(event::Column::RequestId.not_in_subquery(chains()))
                .order_by_asc(event::Column::RequestId)
                .order_by_asc(event::Column::Sequence)
                .limit(EVENTS);
            self.waiting = next.all(self.moment).await?.into();
            if let Some(last) = self.waiting.back() {
                self.read = (last.request_id, last.sequence);
            }
        }
        Ok(self.waiting.pop_front())
    }

    /// Verifies a request's events and its row. Returns the recorded MAC of each of its rows, with the event of its record.
    async fn events(&mut self, row: &request::Model) -> Result<BTreeMap<String, (String, i64)>, Halt> {
        let (mut sequence, mut mac) = (0_i64, Vec::new());
        let mut told = BTreeMap::new();
        let mut events = Vec::new();
        let defect = |sequence, what: &str| Defect::of_event(&row.number, sequence, what);
        while let Some(event) = self.next_event().await? {
            if event.request_id > row.id {
                self.waiting.push_front(event);
                break;
            }
            if event.request_id < row.id {
                return Err(lost(&event).into());
            }
            sequence += 1;
            if event.sequence != sequence {
                return Err(defect(sequence, "missing").into());
            }
            mac = event_mac(self.store, &mac, &event.body);
            if mac != event.mac {
                return Err(defect(sequence, "edited, moved or inserted: its MAC does not fit").into());
            }
            let (rows, link) = signed::<RequestEventBody>(&event).map_err(|what| defect(sequence, what))?;
            told.extend(rows.into_iter().map(|(name, cover)| (name, (cover, sequence))));
            if let Some((position, last)) = link {
                let at = format!("request {}, event {sequence}", row.number);
                self.link(Link { at, position, last }).await?;
            }
            self.count += 1;
            events.push(event);
        }
        if sequence < row.last_sequence {
            return Err(
                defect(sequence + 1, "missing: cut from the end, where its request's row says that it is").into()
            );
        }
        if sequence > row.last_sequence {
            let what = "its request's row ends before it: put back to an older one, or edited";
            return Err(defect(row.last_sequence + 1, what).into());
        }
        if mac != row.last_mac || row_mac(self.store, row)? != row.row_mac {
            return Err(self.edited_row(row).await?.into());
        }
        (self.follows)(row, &events).map_err(|why| Defect {
            at: format!("request {}", row.number),
            what: format!("its state does not follow from its events: {why}"),
        })?;
        Ok(told)
    }

    /// Verifies each office's own chain, its agencies and its grants.
    async fn offices(&mut self) -> Result<(), Halt> {
        for chain in office_chain::Entity::find().all(self.moment).await? {
            let told = self.office(&chain).await?;
            let mut found = Covers::new();
            let agencies = agency::Entity::find().filter(agency::Column::Office.eq(chain.office.as_str()));
            for row in agencies.all(self.moment).await? {
                found.insert(name(&row), cover(self.store, &row)?);
            }
            let grants = grant::Entity::find().filter(grant::Column::Office.eq(chain.office.as_str()));
            for row in grants.all(self.moment).await? {
                found.insert(name(&row), cover(self.store, &row)?);
            }
            rows_agree(&format!("office {}", chain.office), told, found)?;
        }
        self.expect_records().await?;
        self.policies().await
    }

    /// Verifies the policies that were active: none was edited, removed or put between, and each office's changes are to one of
    /// them.
    async fn policies(&self) -> Result<(), Halt> {
        let mut known = HashSet::new();
        let rows = policy::Entity::find().order_by_asc(policy::Column::Number).all(self.moment).await?;
        for (row, number) in rows.into_iter().zip(1..) {
            let defect = |what: &str| Defect { at: format!("policy {number}"), what: what.to_owned() };
            if row.number != number {
                return Err(defect("missing").into());
            }
            let row = self.store.genuine(row).map_err(|_| defect("edited or inserted: its MAC does not fit"))?;
            known.insert(row.hash);
        }
        let changes = event::Entity::find().filter(event::Column::Kind.eq(OfficeEventKind::PolicyChanged.word()));
        for event in changes.order_by_asc(event::Column::Id).all(self.moment).await? {
            let body = OfficeEventBody::read(&event.body).ok();
            let hash = body.as_ref().and_then(|body| body.subject.policy.as_deref());
            if let Some(hash) = hash.filter(|hash| !known.contains(*hash)) {
                let at = format!("policy {}", hash.get(..12).unwrap_or(hash));
                return Err(Defect { at, what: "missing, though an office's record tells of it".to_owned() }.into());
            }
        }
        Ok(())
    }

    /// Verifies that every office with agencies or grants has a record of its own.
    async fn expect_records(&self) -> Result<(), Halt> {
        let known = || Query::select().column(office_chain::Column::Office).from(office_chain::Entity).to_owned();
        let agency = agency::Entity::find().filter(agency::Column::Office.not_in_subquery(known()));
        let grant = grant::Entity::find().filter(grant::Column::Office.not_in_subquery(known()));
        let defect = |office: &str, row: String| Defect {
            at: format!("office {office}"),
            what: format!(
                "it has no record, and the row {row}: inserted, or not yet begun by a server of this version"
            ),
        };
        if let Some(row) = agency.one(self.moment).await? {
            return Err(defect(&row.office, name(&row)).into());
        }
        match grant.one(self.moment).await? {
            Some(row) => Err(defect(&row.office, name(&row)).into()),
            None => Ok(()),
        }
    }

    /// Verifies an office's events and their end. Returns the recorded MAC of each row, with the event of its record.
    async fn office(&mut self, chain: &office_chain::Model) -> Result<BTreeMap<String, (String, i64)>, Halt> {
        let at = format!("office {}", chain.office);
        let defect =
            |sequence: i64, what: &str| Defect { at: format!("{at}, event {sequence}"), what: what.to_owned() };
        let (mut sequence, mut mac, mut told) = (0_i64, Vec::new(), BTreeMap::new());
        loop {
            let next = event::Entity::find()
                .filter(event::Column::RequestId.eq(chain.id))
                .filter(event::Column::Sequence.gt(sequence))
                .order_by_asc(event::Column::Sequence)
                .limit(EVENTS);
            let events = next.all(self.moment).await?;
            if events.is_empty() {
                break;
            }
            for event in events {
                sequence += 1;
                if event.sequence != sequence {
                    return Err(defect(sequence, "missing").into());
                }
                mac = event_mac(self.store, &mac, &event.body);
                if mac != event.mac {
                    return Err(defect(sequence, "edited, moved or inserted: its MAC does not fit").into());
                }
                let (rows, link) = signed::<OfficeEventBody>(&event).map_err(|what| defect(sequence, what))?;
                told.extend(rows.into_iter().map(|(name, cover)| (name, (cover, sequence))));
                if let Some((position, last)) = link {
                    let at = format!("{at}, event {sequence}");
                    self.link(Link { at, position, last }).await?;
                }
                self.count += 1;
            }
        }
        if (sequence, &mac) != (chain.last_sequence, &chain.last_mac) || chain_mac(self.store, chain)? != chain.row_mac
        {
            let what = "its events do not end where its record says, or that was edited";
            return Err(defect(sequence + 1, what).into());
        }
        Ok(told)
    }

    /// Returns the defect of a request's row with a wrong MAC: cut events, where the log has lost some.
    async fn edited_row(&self, row: &request::Model) -> Result<Defect, StoreError> {
        let lost = self.log_rows().filter(event::Column::Id.is_null()).limit(1);
        let lost: Option<LogRow> = lost.into_tuple().one(self.moment).await?;
        Ok(match lost {
            Some((position, ..)) => {
                let what = format!(
                    "cut from the end, and its request's row edited to match: its MAC does not fit, and log position \
                     {position} has lost its event"
                );
                Defect::of_event(&row.number, row.last_sequence + 1, what)
            }
            None => Defect {
                at: format!("request {}", row.number),
                what: "its row was edited: its MAC does not fit".to_owned(),
            },
        })
    }

    /// Returns the dependent rows of requests, by name, each with its present MAC.
    async fn hanging(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, Covers>, StoreError> {
        let among = || ids.iter().copied();
        let mut found = Hanging { store: self.store, by_request: HashMap::new() };
        let submissions = submission::Entity::find().filter(submission::Column::RequestId.is_in(among()));
        found.add(&submissions.all(self.moment).await?, |row| Some(row.request_id))?;
        let visits = visit::Entity::find().filter(visit::Column::RequestId.is_in(among()));
        found.add(&visits.all(self.moment).await?, |row| Some(row.request_id))?;

        let dispositions = disposition::Entity::find().filter(disposition::Column::RequestId.is_in(among()));
        let dispositions = dispositions.all(self.moment).await?;
        found.add(&dispositions, |row| Some(row.request_id))?;
        let of: HashMap<Uuid, Uuid> = dispositions.iter().map(|row| (row.id, row.request_id)).collect();
        let reads = disposition_read::Entity::find();
        let reads = reads.filter(disposition_read::Column::DispositionId.is_in(of.keys().copied()));
        found.add(&reads.all(self.moment).await?, |row| of.get(&row.disposition_id).copied())?;

        let documents = document::Entity::find().filter(document::Column::RequestId.is_in(among()));
        let documents = documents.all(self.moment).await?;
        found.add(&documents, |row| Some(row.request_id))?;
        let of: HashMap<Uuid, Uuid> = documents.iter().map(|row| (row.id, row.request_id)).collect();
        let signatures = signature::Entity::find().filter(signature::Column::DocumentId.is_in(of.keys().copied()));
        found.add(&signatures.all(self.moment).await?, |row| of.get(&row.document_id).copied())?;

        for (request, name, cover) in assets_covered(self.store, self.moment, ids).await? {
            found.by_request.entry(request).or_default().insert(name, cover);
        }
        Ok(found.by_request)
    }

    /// Queues a recorded end of the log, for comparison in a batch.
    async fn link(&mut self, link: Link) -> Result<(), StoreError> {
        self.links.push(link);
        if self.links.len() as u64 >= EVENTS {
            self.hold_links().await?;
        }
        Ok(())
    }

    /// Compares queued ends of the log with the log.
    async fn hold_links(&mut self) -> Result<(), StoreError> {
        let links = std::mem::take(&mut self.links);
        let positions = links.iter().map(|link| link.position);
        let rows = log::Entity::find().filter(log::Column::Position.is_in(positions)).all(self.moment).await?;
        let macs: HashMap<i64, String> =
            rows.into_iter().map(|row| (row.position, STANDARD_NO_PAD.encode(row.mac))).collect();
        let torn = links.into_iter().find(|link| macs.get(&link.position) != Some(&link.last));
        if let (Some(Link { at, position, .. }), None) = (torn, &self.torn) {
            let what =
                format!("the log was numbered anew: its position {position} is not what it was before this event");
            self.torn = Some(Defect { at, what });
        }
        Ok(())
    }

    /// The rows of the log with the MACs of their events.
    fn log_rows(&self) -> sea_orm::Select<log::Entity> {
        let placed = log::Entity::belongs_to(event::Entity).from(log::Column::EventId).to(event::Column::Id);
        log::Entity::find()
            .select_only()
            .columns([log::Column::Position, log::Column::EventId, log::Column::Mac])
            .column_as(event::Column::Mac, "event_mac")
            .join(JoinType::LeftJoin, placed.into())
            .order_by_asc(log::Column::Position)
    }

    /// Verifies the log: its rows, its end, and that every event has a place or waits for one.
    async fn log(&mut self) -> Result<(), Halt> {
        let (mut position, mut mac) = (0_i64, Vec::new());
        loop {
            let rows = self.log_rows().filter(log::Column::Position.gt(position)).limit(EVENTS);
            let rows: Vec<LogRow> = rows.into_tuple().all(self.moment).await?;
            if rows.is_empty() {
                break;
            }
            for (at, event, row_mac, event_mac) in rows {
                position += 1;
                if at != position {
                    return Err(Defect::of_log(position, "missing").into());
                }
                let event_mac = event_mac.ok_or_else(|| Defect::of_log(position, "its event is missing"))?;
                mac = log_mac(self.store, &mac, position, event, &event_mac);
                if mac != row_mac {
                    return Err(Defect::of_log(position, "edited, moved or renumbered: its MAC does not fit").into());
                }
            }
        }
        self.log_end(position, &mac).await?;
        self.unplaced(u64::try_from(position).unwrap_or(0)).await
    }

    /// Verifies the end of the log.
    async fn log_end(&self, position: i64, mac: &[u8]) -> Result<(), Halt> {
        let end = log_end::Entity::find_by_id(1_i16).one(self.moment).await?;
        let Some(end) = end else {
            return match position {
                0 => Ok(()),
                _ => Err(Defect::of_log(position, "the row that says where the log ends is missing").into()),
            };
        };
        if end_mac(self.store, end.position, &end.last) != end.mac {
            return Err(Defect::of_log(end.position, "the row that says where the log ends was edited").into());
        }
        match end.position.cmp(&position) {
            std::cmp::Ordering::Greater => Err(Defect::of_log(position + 1, "missing: cut from the log's end").into()),
            std::cmp::Ordering::Less => Err(Defect::of_log(end.position + 1, "inserted after the log's end").into()),
            std::cmp::Ordering::Equal if end.last != mac => {
                Err(Defect::of_log(position, "it is not what the log ended with").into())
            }
            std::cmp::Ordering::Equal => Ok(()),
        }
    }

    /// Every event has its place in the log or waits for one, and nothing else waits.
    async fn unplaced(&self, placed: u64) -> Result<(), Halt> {
        let on = |from, to| pending::Entity::belongs_to(event::Entity).from(from).to(to);
        let in_log = pending::Entity::belongs_to(log::Entity).from(pending::Column::EventId).to(log::Column::EventId);
        let strange = pending::Entity::find()
            .join(JoinType::LeftJoin, on(pending::Column::EventId, event::Column::Id).into())
            .join(JoinType::LeftJoin, in_log.into())
            .filter(event::Column::Id.is_null().or(log::Column::Position.is_not_null()));
        if let Some(row) = strange.one(self.moment).await? {
            let at = format!("pending event {}", row.event_id);
            return Err(Defect { at, what: "inserted: there is no such event, or it has its place".to_owned() }.into());
        }
        let waiting = pending::Entity::find().count(self.moment).await?;
        if placed + waiting == self.count {
            return Ok(());
        }
        let held = |column, table: &'static str| {
            let held = Query::select().column(column).from(table).to_owned();
            event::Column::Id.not_in_subquery(held)
        };
        let lost = event::Entity::find().filter(held("event_id", "log")).filter(held("event_id", "pending"));
        let lost = lost.order_by_asc(event::Column::RequestId).order_by_asc(event::Column::Sequence);
        let Some(event) = lost.one(self.moment).await? else {
            return Err(Defect::of_log(0, "it does not hold the events that there are").into());
        };
        let row = request::Entity::find_by_id(event.request_id).one(self.moment).await?;
        let number = row.map_or_else(|| event.request_id.to_string(), |row| row.number);
        Err(Defect::of_event(&number, event.sequence, "it has no place in the log, and waits for none").into())
    }

    /// Verifies the parents of dependent rows.
    async fn parents(&self) -> Result<(), Halt> {
        for (table, column, parent) in HANGING {
            let parents = Query::select().column("id").from(parent).to_owned();
            let orphans = Query::select()
                .column(column)
                .from(table)
                .and_where(Expr::col(column).not_in_subquery(parents))
                .limit(1)
                .to_owned();
            if self.moment.query_one(&orphans).await?.is_some() {
                let (at, what) = (format!("table {table}"), format!("a row hangs on nothing in {parent}"));
                return Err(Defect { at, what }.into());
            }
        }
        Ok(())
    }
}

/// The chains of offices, by id.
fn chains() -> SelectStatement {
    Query::select().column(office_chain::Column::Id).from(office_chain::Entity).to_owned()
}

/// A row of the log: its position, its event, its MAC, and the MAC of its event if there is one.
type LogRow = (i64, Uuid, Vec<u8>, Option<Vec<u8>>);

/// The dependent rows of requests, by name, each with its MAC.
struct Hanging<'a> {
    store: &'a Store,
    by_request: HashMap<Uuid, Covers>,
}

impl Hanging<'_> {
    fn add<M: ModelTrait>(&mut self, rows: &[M], request: impl Fn(&M) -> Option<Uuid>) -> Result<(), StoreError> {
        for row in rows {
            let Some(request) = request(row) else { continue };
            self.by_request.entry(request).or_default().insert(name(row), cover(self.store, row)?);
        }
        Ok(())
    }
}

/// Returns the rows and the log's end that an event's signed body holds; the defect, when the body cannot be read or its columns differ.
fn signed<B: Body>(event: &event::Model) -> Result<(Covers, Option<LogLink>), &'static str> {
    let body =
        B::read(&event.body).map_err(|_| "its signed body cannot be read: its kind or a field is unknown here")?;
    let (kind, at, version, audience) = (event.kind.as_str(), event.at, event.version, event.audience);
    if body.columns() != (event.id, event.request_id, event.sequence, kind, at, version, audience) {
        return Err("edited or moved: its columns differ from its signed body");
    }
    Ok(body.into_links())
}

/// An event whose request is gone.
fn lost(event: &event::Model) -> Defect {
    let at = format!("event {} of request id {}", event.sequence, event.request_id);
    Defect { at, what: "inserted, or its request's row is missing".to_owned() }
}

/// A request's rows, or an office's, are those that its events tell of, as the last of them tells.
fn rows_agree(of: &str, told: BTreeMap<String, (String, i64)>, mut found: Covers) -> Result<(), Defect> {
    let mut wrong: Option<(i64, String)> = None;
    for (name, (cover, sequence)) in told {
        let what = match found.remove(&name) {
            Some(found) if found == cover => continue,
            Some(_) => format!("the row {name} that it tells of was edited"),
            None => format!("the row {name} that it tells of is missing"),
        };
        if wrong.as_ref().is_none_or(|(first, _)| sequence < *first) {
            wrong = Some((sequence, what));
        }
    }
    if let Some((sequence, what)) = wrong {
        return Err(Defect { at: format!("{of}, event {sequence}"), what });
    }
    match found.into_keys().next() {
        None => Ok(()),
        Some(name) => {
            Err(Defect { at: of.to_owned(), what: format!("the row {name} was inserted: no event tells of it") })
        }
    }
}
