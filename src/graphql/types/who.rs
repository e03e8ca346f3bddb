//! People, agencies, offices and roles.

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use entity::{agency, user};
use uuid::Uuid;

use super::moment::Moment;
use super::office_event::OfficeEventConnection;
use super::page::{Arguments, page};
use super::procedure::Procedure;
use super::request::Request;
use crate::access::{self, Field, WholeOffice};
use crate::graphql::loaders::{AgencyOf, HeldIn, PersonOf};
use crate::graphql::session::{caller, language, service, session};
use crate::graphql::{error, id};
use crate::service::Judged;

/// A person.
pub(in crate::graphql) struct User {
    row: user::Model,
    /// The office that they were met in: its policy says who reads what else of them.
    office: Option<String>,
}

impl User {
    /// A person, met in an office or nowhere in particular.
    pub(in crate::graphql) fn met(row: user::Model, office: Option<&str>) -> Self {
        Self { row, office: office.map(str::to_owned) }
    }

    /// Whether it is the caller, or somebody whom the office that they were met in knows, and the caller may there. A grant
    /// that has not begun makes nobody known: of who belongs elsewhere, no more than the name is an office's.
    async fn shows(&self, context: &Context<'_>, may: impl Fn(&Judged, &str) -> bool) -> Result<bool> {
        if self.is_caller(context) {
            return Ok(true);
        }
        let Some(office) =
            self.office.as_ref().filter(|office| caller(context).is_ok_and(|caller| may(caller, office)))
        else {
            return Ok(false);
        };
        if self.row.office.as_ref() == Some(office) {
            return Ok(true);
        }
        let held = HeldIn { user: self.row.id, office: office.clone() };
        Ok(session(context)?.loader().load_one(held).await.map_err(error::load)?.is_some())
    }

    /// Whether it is the caller.
    fn is_caller(&self, context: &Context<'_>) -> bool {
        caller(context).is_ok_and(|caller| caller.pass.user == self.row.id)
    }
}

/// A person.
#[Object]
impl User {
    /// Its opaque id.
    pub(in crate::graphql) async fn id(&self) -> ID {
        id::encode("User", self.row.id)
    }

    /// What they sign in with; null for anybody but yourself, and whoever manages the people of the office that you met
    /// them in. An office meets a person of another when the first grant that it gave them begins.
    async fn username(&self, context: &Context<'_>) -> Result<Option<&str>> {
        let service = service(context)?;
        let shown = self.shows(context, |caller, office| service.manages_people(caller, office)).await?;
        Ok(shown.then_some(self.row.username.as_str()))
    }

    /// Their name.
    async fn name(&self) -> &str {
        &self.row.name
    }

    /// Their civil servant number (NIP), 18 digits; null where there is none, and for anybody but yourself whom the policy of
    /// the office that you met them in does not let read it (`field:nip`). An office meets a person of another when the first
    /// grant that it gave them begins.
    async fn nip(&self, context: &Context<'_>) -> Result<Option<&str>> {
        let service = service(context)?;
        let reads = |caller: &Judged, office: &str| service.reads(caller, &WholeOffice(office.to_owned()), Field::Nip);
        let shown = self.shows(context, reads).await?;
        Ok(self.row.nip.as_deref().filter(|_| shown))
    }

    /// Their agency; null for an office's people.
    async fn agency(&self, context: &Context<'_>) -> Result<Option<Agency>> {
        match self.row.agency_id {
            None => Ok(None),
            Some(id) => Ok(Some(agency(context, id).await?)),
        }
    }
}

/// The person of that id, met in an office or nowhere in particular.
pub(in crate::graphql) async fn person(context: &Context<'_>, id: Uuid, office: Option<&str>) -> Result<User> {
    let found = session(context)?.loader().load_one(PersonOf(id)).await.map_err(error::load)?;
    let found = found.and_then(|mut rows| rows.pop()).map(|row| User::met(row, office));
    found.ok_or_else(|| error::damaged("a person is missing"))
}

/// The agency of that id.
pub(in crate::graphql) async fn agency(context: &Context<'_>, id: Uuid) -> Result<Agency> {
    let found = session(context)?.loader().load_one(AgencyOf(id)).await.map_err(error::load)?;
    found.and_then(|mut rows| rows.pop()).map(Agency).ok_or_else(|| error::damaged("an agency is missing"))
}

/// An organisation that asks (OPD).
pub(in crate::graphql) struct Agency(pub(in crate::graphql) agency::Model);

/// An organisation that asks (OPD).
#[Object]
impl Agency {
    /// Its opaque id.
    pub(in crate::graphql) async fn id(&self) -> ID {
        id::encode("Agency", self.0.id)
    }

    /// Its key, unique in its office.
    async fn key(&self) -> &str {
        &self.0.key
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The office that serves it.
    async fn office(&self) -> Office {
        Office(self.0.office.clone())
    }

    /// Since when it asks for nothing more; null while it is in service.
    async fn deactivated_at(&self) -> Option<Moment> {
        self.0.deactivated_at.map(Moment)
    }
}

/// An office (Dinas): owns SOPs and serves requests. By its key.
pub(in crate::graphql) struct Office(pub(in crate::graphql) String);

impl Office {
    fn entry<'a>(&self, context: &Context<'a>) -> Result<&'a crate::service::OfficeEntry> {
        service(context)?.catalog().office(&self.0).ok_or_else(|| error::damaged("an office is missing"))
    }
}

/// An office (Dinas): owns SOPs and serves requests.
#[Object]
impl Office {
    /// Its opaque id.
    pub(in crate::graphql) async fn id(&self) -> ID {
        id::encode("Office", &self.0)
    }

    /// Its key.
    async fn key(&self) -> &str {
        &self.0
    }

    /// Its name, as printed.
    async fn name<'a>(&self, context: &Context<'a>) -> Result<&'a str> {
        Ok(&self.entry(context)?.office.name)
    }

    /// The city that it serves.
    async fn city<'a>(&self, context: &Context<'a>) -> Result<&'a str> {
        Ok(&self.entry(context)?.office.city)
    }

    /// Its time zone, an IANA name (`Asia/Pontianak`): working time is computed in it.
    async fn time_zone(&self, context: &Context<'_>) -> Result<String> {
        Ok(self.entry(context)?.office.time_zone.name().to_owned())
    }

    /// The procedures in force.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn procedures(&self, context: &Context<'_>) -> Result<Vec<Procedure>> {
        let service = service(context)?;
        let zone = self.entry(context)?.office.time_zone;
        let today = service.now().with_timezone(&zone).date_naive();
        let mut keys: Vec<&str> =
            service.catalog().versions(&self.0).map(|entry| entry.procedure.key.as_str()).collect();
        keys.dedup();
        let in_force = keys.into_iter().filter_map(|key| service.catalog().in_force(&self.0, key, today));
        Ok(in_force.map(|entry| Procedure(entry.clone())).collect())
    }

    /// Its people, by name, each with their grants in it; null for whoever does not manage them.
    #[graphql(complexity = "100 * child_complexity + 1")]
    async fn people(&self, context: &Context<'_>) -> Result<Option<Vec<OfficePerson>>> {
        let (service, session) = (service(context)?, session(context)?);
        let Some(caller) = session.caller() else { return Ok(None) };
        let Some(people) = service.people_of(caller, &self.0).await.map_err(error::of)? else { return Ok(None) };
        let mut grants = service.grants_of(caller, &self.0).await.map_err(error::of)?.unwrap_or_default();
        let of = |row: user::Model| {
            let theirs =
                grants.extract_if(.., |(user, _)| *user == row.id).map(|(_, grant)| RoleGrant(grant)).collect();
            let active = row.deactivated_at.is_none();
            OfficePerson { user: User::met(row, Some(&self.0)), active, grants: theirs }
        };
        Ok(Some(people.into_iter().map(of).collect()))
    }

    /// What happened to itself, in the order of the log: to its people, agencies, grants and policies. Null for whoever's
    /// policy does not let them see it (`see-events`).
    #[graphql(complexity = "page(first, last) * child_complexity + 1")]
    async fn events(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many from the start; 20 when not given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<OfficeEventConnection>> {
        OfficeEventConnection::load(context, &self.0, &Arguments { first, after, last, before }).await
    }

    /// The agencies that it serves; null when you are not signed in with a grant in this office.
    #[graphql(complexity = "50 * child_complexity + 1")]
    async fn agencies(&self, context: &Context<'_>) -> Result<Option<Vec<Agency>>> {
        let session = session(context)?;
        let belongs = session.caller().is_some_and(|caller| caller.grants_in(&self.0).next().is_some());
        if !belongs {
            return Ok(None);
        }
        let rows = service(context)?.store().agencies_of(&self.0).await.map_err(error::store)?;
        Ok(Some(rows.into_iter().map(Agency).collect()))
    }
}

/// A person whom an office knows.
#[derive(SimpleObject)]
pub(in crate::graphql) struct OfficePerson {
    /// The person.
    user: User,
    /// They may sign in; false once they were put out of service.
    active: bool,
    /// Their grants in the office, those that have ended and those to come too.
    #[graphql(complexity = "5 * child_complexity + 1")]
    grants: Vec<RoleGrant>,
}

/// A role.
#[derive(SimpleObject)]
pub(in crate::graphql) struct Role {
    /// Its key, as policies name it.
    key: String,
    /// Its name, as printed; translated where English is wanted.
    name: String,
}

/// The role of that key in an office.
pub(in crate::graphql) fn role(context: &Context<'_>, office: &str, key: &str) -> Result<Role> {
    let entry = service(context)?.catalog().office(office);
    let language = language(context)?;
    let name = entry.and_then(|entry| Some(entry.office.label(&entry.office.roles.get(key)?.name, language)));
    Ok(Role { key: key.to_owned(), name: name.unwrap_or(key).to_owned() })
}

/// In which capacity a role is held.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "access::Capacity")]
pub(in crate::graphql) enum Capacity {
    /// Definitif.
    Definitive,
    /// Pelaksana tugas (Plt.).
    Acting,
    /// Pelaksana harian (Plh.).
    DailyActing,
}

/// A role that a person holds in an office from a date to a date.
pub(in crate::graphql) struct RoleGrant(pub(in crate::graphql) access::Grant);

/// A role that a person holds in an office from a date to a date.
#[Object]
impl RoleGrant {
    /// Its opaque id.
    pub(in crate::graphql) async fn id(&self) -> ID {
        id::encode("RoleGrant", self.0.id)
    }

    /// The role.
    async fn role(&self, context: &Context<'_>) -> Result<Role> {
        role(context, &self.0.office, &self.0.role)
    }

    /// The office.
    async fn office(&self) -> Office {
        Office(self.0.office.clone())
    }

    /// The agency, for a role of an agency's people; null otherwise.
    async fn agency(&self, context: &Context<'_>) -> Result<Option<Agency>> {
        match self.0.agency {
            None => Ok(None),
            Some(id) => Ok(Some(agency(context, id).await?)),
        }
    }

    /// In which capacity.
    async fn capacity(&self) -> Capacity {
        self.0.capacity.into()
    }

    /// For whom they stand in; null for nobody.
    async fn on_behalf_of(&self, context: &Context<'_>) -> Result<Option<User>> {
        match self.0.on_behalf_of {
            None => Ok(None),
            Some(id) => Ok(Some(person(context, id, Some(&self.0.office)).await?)),
        }
    }

    /// The number of the decree (SK); null where none was given.
    async fn decree_number(&self) -> Option<&str> {
        self.0.decree_number.as_deref()
    }

    /// In force from this moment.
    async fn valid_from(&self) -> Moment {
        Moment(self.0.valid_from)
    }

    /// In force until just before this moment; null: without end.
    async fn valid_until(&self) -> Option<Moment> {
        self.0.valid_until.map(Moment)
    }
}

/// Who did something, as what: a snapshot that stays true when people move on.
pub(in crate::graphql) struct Actor {
    pub(in crate::graphql) office: String,
    pub(in crate::graphql) user: Uuid,
    pub(in crate::graphql) role: String,
    pub(in crate::graphql) capacity: access::Capacity,
    pub(in crate::graphql) on_behalf_of: Option<Uuid>,
}

impl Actor {
    /// The actor of a row's columns.
    pub(in crate::graphql) fn new(
        office: &str,
        user: Uuid,
        role: &str,
        capacity: &str,
        on_behalf_of: Option<Uuid>,
    ) -> Self {
        let capacity = access::Capacity::from_word(capacity).unwrap_or(access::Capacity::Definitive);
        Self { office: office.to_owned(), user, role: role.to_owned(), capacity, on_behalf_of }
    }
}

/// Who did something, as what: a snapshot that stays true when people move on.
#[Object]
impl Actor {
    /// The person.
    async fn user(&self, context: &Context<'_>) -> Result<User> {
        person(context, self.user, Some(&self.office)).await
    }

    /// The role they acted as.
    async fn role(&self, context: &Context<'_>) -> Result<Role> {
        role(context, &self.office, &self.role)
    }

    /// The capacity they held it in.
    async fn capacity(&self) -> Capacity {
        self.capacity.into()
    }

    /// For whom they stood in; null for nobody.
    async fn on_behalf_of(&self, context: &Context<'_>) -> Result<Option<User>> {
        match self.on_behalf_of {
            None => Ok(None),
            Some(id) => Ok(Some(person(context, id, Some(&self.office)).await?)),
        }
    }
}

/// The agency's person in charge (Data Admin).
#[derive(SimpleObject)]
pub(in crate::graphql) struct Contact {
    /// Their name.
    name: String,
    /// Their civil servant number (NIP), 18 digits; null where none was given, and for you whom the office's policy does not
    /// let read it (`field:nip`).
    nip: Option<String>,
    /// Their position; null where none was given.
    position: Option<String>,
    /// Their telephone number; null for you whom the office's policy does not let read it (`field:phone`).
    phone: Option<String>,
    /// Their e-mail address; null for you whom the office's policy does not let read it (`field:email`).
    email: Option<String>,
}

impl Contact {
    /// The contact of a request's stored text, as far as the caller reads it.
    pub(in crate::graphql) fn of(context: &Context<'_>, request: &Request, text: &str) -> Result<Self> {
        let given: crate::service::ContactGiven =
            serde_json::from_str(text).map_err(|_| error::damaged("a contact cannot be read"))?;
        Ok(Self {
            name: given.name,
            nip: given.nip.filter(|_| request.reads(context, Field::Nip)),
            position: given.position,
            phone: Some(given.phone).filter(|_| request.reads(context, Field::Phone)),
            email: Some(given.email).filter(|_| request.reads(context, Field::Email)),
        })
    }
}
