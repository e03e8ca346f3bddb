//! Administration of an office's people, agencies and grants.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use super::agency::Agency;
use super::grant::{Capacity, RoleGrant};
use super::payload::acting;
use super::scalars::date_time::DateTime;
use super::scalars::id;
use super::user::User;
use super::user_error::{UserError, settle};
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
    #[graphql(complexity = "5 * child_complexity + 1")]
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

/// The changed person, or the errors in the input.
#[derive(SimpleObject)]
struct UserPayload {
    /// The person. Null when refused.
    user: Option<User>,
    /// Errors in the input; empty when it was done.
    user_errors: Vec<UserError>,
}

/// The changed agency, or the errors in the input.
#[derive(SimpleObject)]
struct AgencyPayload {
    /// The agency. Null when refused.
    agency: Option<Agency>,
    /// Errors in the input; empty when it was done.
    user_errors: Vec<UserError>,
}

/// The changed grant, or the errors in the input.
#[derive(SimpleObject)]
struct GrantPayload {
    /// The grant. Null when refused.
    grant: Option<RoleGrant>,
    /// Errors in the input; empty when it was done.
    user_errors: Vec<UserError>,
}

async fn user_payload(
    context: &Context<'_>,
    office: &str,
    done: command::Answer<uuid::Uuid>,
) -> Result<Option<UserPayload>> {
    Ok(Some(match settle(done)? {
        Err(user_errors) => UserPayload { user: None, user_errors },
        Ok(id) => {
            let row = store::person_by_id(service(context)?.store().reader(), id).await.map_err(error::store)?;
            UserPayload { user: row.map(|row| User::met_in(row, Some(office))), user_errors: Vec::new() }
        }
    }))
}

async fn agency_payload(context: &Context<'_>, done: command::Answer<uuid::Uuid>) -> Result<Option<AgencyPayload>> {
    Ok(Some(match settle(done)? {
        Err(user_errors) => AgencyPayload { agency: None, user_errors },
        Ok(id) => {
            let mut rows = service(context)?.store().agencies(&[id]).await.map_err(error::store)?;
            AgencyPayload { agency: rows.pop().map(Agency), user_errors: Vec::new() }
        }
    }))
}

async fn grant_payload(context: &Context<'_>, done: command::Answer<uuid::Uuid>) -> Result<Option<GrantPayload>> {
    Ok(Some(match settle(done)? {
        Err(user_errors) => GrantPayload { grant: None, user_errors },
        Ok(id) => {
            let grant = service(context)?.grant(id).await.map_err(error::of)?;
            GrantPayload { grant: grant.map(RoleGrant), user_errors: Vec::new() }
        }
    }))
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
        let pass = acting(context, input.acting_as.as_ref())?;
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
        user_payload(context, &input.office, done).await
    }

    /// Puts a person out of service: their sessions and subscriptions end at once. For managers of the office's people; refused for
    /// holders of a role in another office, and for yourself. Null only beside an error.
    async fn deactivate_user(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The person.")] input: DeactivateUserInput,
    ) -> Result<Option<UserPayload>> {
        let pass = acting(context, input.acting_as.as_ref())?;
        let user = id::uuid("User", &input.user_id);
        let done = service(context)?.deactivate_user(pass, &input.office, user).await;
        user_payload(context, &input.office, done).await
    }

    /// Adds an agency served by the office. For managers of the office's agencies. Null only beside an error.
    async fn create_agency(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The agency.")] input: CreateAgencyInput,
    ) -> Result<Option<AgencyPayload>> {
        let pass = acting(context, input.acting_as.as_ref())?;
        let CreateAgencyInput { office, key, name, idempotency_key, .. } = input;
        let new = command::CreateAgency { office, key, name, idempotency_key };
        let done = service(context)?.create_agency(pass, new).await;
        agency_payload(context, done).await
    }

    /// Puts an agency out of service: it submits nothing more; running requests go on. For managers of the office's agencies.
    /// Null only beside an error.
    async fn deactivate_agency(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The agency.")] input: DeactivateAgencyInput,
    ) -> Result<Option<AgencyPayload>> {
        let pass = acting(context, input.acting_as.as_ref())?;
        let done = service(context)?.deactivate_agency(pass, id::uuid("Agency", &input.agency_id)).await;
        agency_payload(context, done).await
    }

    /// Grants a person a role from a moment to a moment. Needs a policy line for granting the role; never to yourself.
    /// Null only beside an error.
    async fn grant_role(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The grant.")] input: GrantRoleInput,
    ) -> Result<Option<GrantPayload>> {
        let pass = acting(context, input.acting_as.as_ref())?;
        let given = command::GrantRole {
            office: input.office,
            user: id::uuid("User", &input.user_id),
            role: input.role,
            agency: input.agency,
            capacity: input.capacity.unwrap_or(Capacity::Definitive).into(),
            decree_number: input.decree_number,
            on_behalf_of: input.on_behalf_of.as_ref().map(|id| id::uuid("User", id)),
            valid_from: input.valid_from.map(|from| from.0),
            valid_until: input.valid_until.map(|until| until.0),
            idempotency_key: input.idempotency_key,
        };
        let done = service(context)?.grant_role(pass, given).await;
        grant_payload(context, done).await
    }

    /// Ends a grant at once. Needs a policy line for granting the role; the last manager of the office's people stays.
    /// Null only beside an error.
    async fn revoke_grant(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The grant.")] input: RevokeGrantInput,
    ) -> Result<Option<GrantPayload>> {
        let pass = acting(context, input.acting_as.as_ref())?;
        let grant = id::uuid("RoleGrant", &input.grant_id);
        let done = service(context)?.revoke_grant(pass, command::RevokeGrant { grant }).await;
        grant_payload(context, done).await
    }
}
