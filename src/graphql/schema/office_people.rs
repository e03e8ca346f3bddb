//! Administration of an office's people, agencies and grants.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use uuid::Uuid;

use super::agency::Agency;
use super::grant::{Capacity, RoleGrant};
use super::payload::{acting_pass, changed_payload};
use super::scalars::date_time::DateTime;
use super::scalars::id;
use super::user::User;
use crate::auth::Secret;
use crate::graphql::context::session::service;
use crate::graphql::error;
use crate::service as command;
use crate::store;

/// A person known to an office.
#[derive(SimpleObject)]
pub(crate) struct OfficePerson {
    /// The person.
    pub(crate) user: User,
    /// They may sign in; false once they were put out of service.
    pub(crate) active: bool,
    /// Their grants in the office, past and future ones too.
    pub(crate) grants: Vec<RoleGrant>,
}

/// Administration of an office's people, agencies and grants.
#[derive(Default)]
pub(crate) struct PeopleMutation;

/// A new person.
#[derive(InputObject)]
struct CreateUserInput {
    /// The key of the office.
    office: String,
    /// The name to sign in with: small letters, digits and `. _ -`.
    username: String,
    /// Their name.
    name: String,
    /// Their civil servant number (NIP), 18 digits.
    nip: Option<String>,
    /// The key of their agency, for an agency's people.
    agency: Option<String>,
    /// Their first password, 10 to 256 characters: theirs to change.
    password: String,
    /// Makes a retry harmless: the same key acts once. Kept seven days.
    idempotency_key: Option<String>,
    /// The grant to act by, by its id: needed when several of yours allow this and differ.
    acting_as: Option<ID>,
}

/// A person to be put out of service.
#[derive(InputObject)]
struct DeactivateUserInput {
    /// The key of your office.
    office: String,
    /// The person.
    user_id: ID,
    /// The grant to act by, by its id: needed when several of yours allow this and differ.
    acting_as: Option<ID>,
}

/// A new agency.
#[derive(InputObject)]
struct CreateAgencyInput {
    /// The key of the office serving it.
    office: String,
    /// Its key, unique in the office: small letters, digits and `-`.
    key: String,
    /// Its name.
    name: String,
    /// Makes a retry harmless: the same key acts once. Kept seven days.
    idempotency_key: Option<String>,
    /// The grant to act by, by its id: needed when several of yours allow this and differ.
    acting_as: Option<ID>,
}

/// An agency to be put out of service.
#[derive(InputObject)]
struct DeactivateAgencyInput {
    /// The agency.
    agency_id: ID,
    /// The grant to act by, by its id: needed when several of yours allow this and differ.
    acting_as: Option<ID>,
}

/// A role for a person.
#[derive(InputObject)]
struct GrantRoleInput {
    /// The office's key.
    office: String,
    /// The person: not yourself.
    user_id: ID,
    /// The key of the role, one grantable by your policy.
    role: String,
    /// The agency's key, for a role of an agency's people.
    agency: Option<String>,
    /// The capacity; DEFINITIVE when not given.
    capacity: Option<Capacity>,
    /// The number of the decree (SK); needed for ACTING and DAILY_ACTING.
    decree_number: Option<String>,
    /// The person they stand in for; needed for DAILY_ACTING.
    on_behalf_of: Option<ID>,
    /// In force from this moment; from now when not given.
    valid_from: Option<DateTime>,
    /// In force until just before this moment; without end when not given. Needed for DAILY_ACTING.
    valid_until: Option<DateTime>,
    /// Makes a retry harmless: the same key acts once. Kept seven days.
    idempotency_key: Option<String>,
    /// The grant to act by, by its id: needed when several of yours allow this and differ.
    acting_as: Option<ID>,
}

/// A grant to be ended.
#[derive(InputObject)]
struct RevokeGrantInput {
    /// The grant.
    grant_id: ID,
    /// The grant to act by, by its id: needed when several of yours allow this and differ.
    acting_as: Option<ID>,
}

changed_payload!(
    /// The changed person, or the errors in the input.
    UserPayload,
    /// The person. Null when refused.
    user: User
);
changed_payload!(
    /// The changed agency, or the errors in the input.
    AgencyPayload,
    /// The agency. Null when refused.
    agency: Agency
);
changed_payload!(
    /// The changed grant, or the errors in the input.
    GrantPayload,
    /// The grant. Null when refused.
    grant: RoleGrant
);

/// Reads a person after a change.
async fn changed_user(context: &Context<'_>, office: &str, id: Uuid) -> Result<Option<User>> {
    let row = store::person_by_id(service(context)?.store().reader(), id).await.map_err(error::from_store)?;
    Ok(row.map(|row| User::new(row, Some(office))))
}

/// Reads an agency after a change.
async fn changed_agency(context: &Context<'_>, id: Uuid) -> Result<Option<Agency>> {
    let mut rows = service(context)?.store().agencies(&[id]).await.map_err(error::from_store)?;
    Ok(rows.pop().map(Agency))
}

/// Reads a grant after a change.
async fn changed_grant(context: &Context<'_>, id: Uuid) -> Result<Option<RoleGrant>> {
    Ok(service(context)?.grant(id).await.map_err(error::from_refused)?.map(RoleGrant))
}

/// Administration of an office's people, agencies and grants.
#[Object]
impl PeopleMutation {
    /// Adds a person to sign in; without grants they have no rights. For managers of the office's people.
    /// Null only beside an error.
    async fn create_user(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The person.")] input: CreateUserInput,
    ) -> Result<Option<UserPayload>> {
        let pass = acting_pass(context, input.acting_as.as_ref())?;
        let new = command::CreateUser {
            office: input.office.clone(),
            username: input.username,
            name: input.name,
            nip: input.nip,
            agency: input.agency,
            password: Secret::new(input.password),
            idempotency_key: input.idempotency_key,
        };
        let done = service(context)?.create_user(pass, new).await;
        UserPayload::from_answer(done, |id| changed_user(context, &input.office, id)).await
    }

    /// Puts a person out of service: their sessions and subscriptions end at once. For managers of the office's people; refused for
    /// holders of a role in another office, and for yourself. Null only beside an error.
    async fn deactivate_user(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The person.")] input: DeactivateUserInput,
    ) -> Result<Option<UserPayload>> {
        let pass = acting_pass(context, input.acting_as.as_ref())?;
        let user = id::uuid(context, "User", "input.userId", &input.user_id)?;
        let done = service(context)?.deactivate_user(pass, &input.office, user).await;
        UserPayload::from_answer(done, |id| changed_user(context, &input.office, id)).await
    }

    /// Adds an agency served by the office. For managers of the office's agencies. Null only beside an error.
    async fn create_agency(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The agency.")] input: CreateAgencyInput,
    ) -> Result<Option<AgencyPayload>> {
        let pass = acting_pass(context, input.acting_as.as_ref())?;
        let CreateAgencyInput { office, key, name, idempotency_key, .. } = input;
        let new = command::CreateAgency { office, key, name, idempotency_key };
        let done = service(context)?.create_agency(pass, new).await;
        AgencyPayload::from_answer(done, |id| changed_agency(context, id)).await
    }

    /// Puts an agency out of service: it submits nothing more; running requests go on. For managers of the office's agencies.
    /// Null only beside an error.
    async fn deactivate_agency(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The agency.")] input: DeactivateAgencyInput,
    ) -> Result<Option<AgencyPayload>> {
        let pass = acting_pass(context, input.acting_as.as_ref())?;
        let agency = id::uuid(context, "Agency", "input.agencyId", &input.agency_id)?;
        let done = service(context)?.deactivate_agency(pass, agency).await;
        AgencyPayload::from_answer(done, |id| changed_agency(context, id)).await
    }

    /// Grants a person a role from a moment to a moment. Needs a policy line for granting the role; never to yourself.
    /// Null only beside an error.
    async fn grant_role(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The grant.")] input: GrantRoleInput,
    ) -> Result<Option<GrantPayload>> {
        let pass = acting_pass(context, input.acting_as.as_ref())?;
        let given = command::GrantRole {
            office: input.office,
            user: id::uuid(context, "User", "input.userId", &input.user_id)?,
            role: input.role,
            agency: input.agency,
            capacity: input.capacity.unwrap_or(Capacity::Definitive).into(),
            decree_number: input.decree_number,
            on_behalf_of: id::optional_uuid(context, "User", "input.onBehalfOf", input.on_behalf_of.as_ref())?,
            valid_from: input.valid_from.map(|from| from.0),
            valid_until: input.valid_until.map(|until| until.0),
            idempotency_key: input.idempotency_key,
        };
        let done = service(context)?.grant_role(pass, given).await;
        GrantPayload::from_answer(done, |id| changed_grant(context, id)).await
    }

    /// Ends a grant at once. Needs a policy line for granting the role; the last manager of the office's people stays.
    /// Null only beside an error.
    async fn revoke_grant(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The grant.")] input: RevokeGrantInput,
    ) -> Result<Option<GrantPayload>> {
        let pass = acting_pass(context, input.acting_as.as_ref())?;
        let grant = id::uuid(context, "RoleGrant", "input.grantId", &input.grant_id)?;
        let done = service(context)?.revoke_grant(pass, command::RevokeGrant { grant }).await;
        GrantPayload::from_answer(done, |id| changed_grant(context, id)).await
    }
}
