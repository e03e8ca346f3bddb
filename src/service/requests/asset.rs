//! The life cycle of an asset by the effects of outcomes, and its revocation.

use std::collections::HashMap;

use entity::{asset, credential};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::access::{Action, Pass, Seen};
use crate::event::{Audience, RequestEventKind, RequestEventSubject};
use crate::language::Text;
use crate::procedure::{AssetSpec, Effect, FieldFault, Interval, Outcome, Requirement, Step};
use crate::say;
use crate::service::requests::act::{ActMode, ActResult, OrderedAct, Recalled};
use crate::service::requests::transition::apply_state;
use crate::service::retry::with_retry;
use crate::service::validation::InputErrors;
use crate::service::{
    AssetValues, CallerWithPolicy, NewDocument, ProcedureEntry, RevokeAsset, Service, ServiceError, ServiceResult,
    UserError, UserErrorCode,
};
use crate::store::{self, CredentialState, RequestChange, SeenRequest, StoreError, Transaction, UnitRange};
use crate::workflow::{self, Act, Stage};

/// Maximum number of units of one asset: each is a row.
const MAX_UNITS: i64 = 1_000;

/// An act's effect on the asset.
pub(in crate::service) struct Provisioning<'a> {
    pub(in crate::service) entry: &'a ProcedureEntry,
    pub(in crate::service) step: &'a Step,
    pub(in crate::service) outcome: &'a Outcome,
    /// Before and after the act, as the step machine says.
    pub(in crate::service) stages: (Option<Stage>, Option<Stage>),
    pub(in crate::service) given: Option<&'a AssetValues>,
    pub(in crate::service) documents: &'a [NewDocument],
    pub(in crate::service) recipient: Option<Uuid>,
    /// The roles of possible recipients.
    pub(in crate::service) receivers: &'a [String],
}

impl Service {
    /// Applies an act's effect to the request's asset.
    pub(in crate::service) async fn provision(
        &self,
        change: &mut RequestChange<'_>,
        act: Provisioning<'_>,
    ) -> ServiceResult<()> {
        let (before, after) = act.stages;
        let (Some(spec), Some(stage)) = (&act.entry.procedure.asset, after) else { return Ok(()) };
        let stored = store::assets_of(change.transaction(), &[change.row.id]).await?.pop();
        if stage == Stage::Revoked {
            if let Some(row) = stored.filter(|_| before != Some(Stage::Revoked)) {
                let reason = change.row.reason.clone();
                revoke(change, row, reason, Audience::Office).await?;
            }
            return Ok(());
        }
        let numbers = spec.numbers.iter().any(|(_, kind)| act.documents.iter().any(|given| given.kind == *kind));
        if act.outcome.effect.is_none() && act.given.is_none() && !numbers {
            return Ok(());
        }
        change.expect_asset_untouched().await?;
        let now = change.now();
        let new = stored.is_none();
        let mut row = stored.unwrap_or_else(|| asset::Model {
            id: change.new_id(),
            request_id: change.row.id,
            office: change.row.office.clone(),
            procedure: change.row.procedure.clone(),
            agency_id: change.row.agency_id,
            kind: spec.kind.clone(),
            name: String::new(),
            unique_name: None,
            status: String::new(),
            attributes: "{}".to_owned(),
            created_at: now,
            verified_at: None,
            delivered_at: None,
            revoked_at: None,
            revocation_reason: None,
        });
        let attributes = attributes(&row, &act, spec)?;
        row.attributes = Value::Object(attributes.clone()).to_string();
        row.name = fill_template(&spec.name, &attributes);
        row.unique_name = spec.unique.as_deref().map(|template| fill_template(template, &attributes));
        row.status = stage.word().to_owned();
        row.verified_at =
            if stage == Stage::Verified { Some(now) } else { row.verified_at.filter(|_| stage == Stage::Active) };
        if stage == Stage::Active && row.delivered_at.is_none() {
            row.delivered_at = Some(now);
        }
        let id = row.id;
        let conflict = |error| conflict(spec, error);
        store::save_asset(change.transaction(), row.clone(), new).await.map_err(conflict)?;
        if act.given.is_some()
            && let Some(interval) = &spec.interval
        {
            match interval_of(interval, &attributes)? {
                Some(held) => store::hold_units(change.transaction(), &row, &held).await.map_err(conflict)?,
                None => store::release_units(change.transaction(), id).await?,
            }
        }
        self.store_secret(change, &act, id).await?;
        let kind = match (act.outcome.effect, before) {
            (Some(Effect::Reserve), None) => RequestEventKind::AssetReserved,
            (Some(Effect::Provision), None | Some(Stage::Reserved)) => RequestEventKind::AssetProvisioned,
            (Some(Effect::Verify), _) => RequestEventKind::AssetVerified,
            (Some(Effect::Deliver), _) => RequestEventKind::AssetDelivered,
            _ => RequestEventKind::AssetUpdated,
        };
        let audience = if kind == RequestEventKind::AssetDelivered { Audience::Applicant } else { Audience::Office };
        let step = Some(act.step.key.clone());
        change.append(kind, audience, RequestEventSubject { step, asset: Some(id), ..Default::default() }).await?;
        Ok(())
    }

    /// Seals the act's secret; releases it with the delivery of the asset.
    async fn store_secret(&self, change: &RequestChange<'_>, act: &Provisioning<'_>, asset: Uuid) -> ServiceResult<()> {
        let now = change.now();
        if let Some(secret) = act.given.and_then(|given| given.secret.as_ref()) {
            let held = credential::Model {
                asset_id: asset,
                recipient_id: change.row.submitted_by,
                state: CredentialState::Held.word().to_owned(),
                sealed: Some(self.seal(asset, secret)?),
                reveal_key: None,
                revealed_at: None,
                changed_at: now,
            };
            store::save_credential(change.transaction(), held).await?;
        }
        if act.outcome.effect != Some(Effect::Deliver) {
            return Ok(());
        }
        let Some(held) = store::credentials_of(change.transaction(), &[asset]).await?.pop() else { return Ok(()) };
        let mut recipient_id = held.recipient_id;
        if act.outcome.recipient != Requirement::None {
            recipient_id = self.recipient(change, act.receivers, act.recipient, change.row.submitted_by).await?;
        }
        let state = CredentialState::Available.word().to_owned();
        let handed = credential::Model { recipient_id, state, changed_at: now, ..held };
        Ok(store::save_credential(change.transaction(), handed).await?)
    }

    /// Returns a credential's recipient: the named person, or the default one. Both must be people of the agency in
    /// those roles.
    pub(in crate::service) async fn recipient(
        &self,
        change: &RequestChange<'_>,
        roles: &[String],
        named: Option<Uuid>,
        otherwise: Uuid,
    ) -> ServiceResult<Uuid> {
        let row = &change.row;
        let people =
            store::agency_people(change.transaction(), &row.office, &[row.agency_id], roles, change.now()).await?;
        let wanted = named.unwrap_or(otherwise);
        if people.iter().any(|(_, person)| person.id == wanted) {
            return Ok(wanted);
        }
        let message = match named {
            Some(_) => "This is nobody of the agency who may receive the credential; availableActions lists who may.",
            None => "Whom it would be for can no longer receive it: name another person of the agency.",
        };
        Err(ServiceError::user(UserErrorCode::InvalidInput, &["recipientId"], message))
    }

    /// Takes a delivered asset out of service.
    pub async fn revoke_asset(&self, pass: Pass, command: RevokeAsset, mode: ActMode) -> ServiceResult<ActResult> {
        with_retry(&self.store, || self.try_revoke_asset(pass, &command, mode)).await
    }

    async fn try_revoke_asset(&self, pass: Pass, command: &RevokeAsset, mode: ActMode) -> ServiceResult<ActResult> {
        let act = OrderedAct::begin(self, pass, mode).await?;
        let refused = "You hold no role that may revoke this asset.";
        let (act, row, entry) = act.authorize_on_asset(command.asset, Action::Revoke, refused).await?;
        let procedure = &entry.procedure;
        let act = match act.recall(command).await? {
            Recalled::New(act) => act.without_version(),
            Recalled::Done(id) => return Ok(ActResult::Committed(id)),
        };
        let mut errors = InputErrors::default();
        let reason = errors.prose(&["reason"], &command.reason);
        errors.into_result()?;
        let mut change = act.change();
        let after = workflow::decide(procedure, &change.state()?, &Act::Revoke)
            .map_err(|refusals| ServiceError::from_refusals(procedure, refusals))?;
        let (office, now) = (self.office_of(&change.row)?, change.now());
        apply_state(&mut change.row, procedure, office, &after, now)?;
        revoke(&mut change, row, Some(reason), Audience::Applicant).await?;
        let saved = change.save().await?;
        act.conclude(saved, command.asset).await
    }

    /// Locks and reads the request of an asset visible to the caller, with the asset.
    pub(in crate::service) async fn see_asset(
        &self,
        transaction: &Transaction,
        caller: &CallerWithPolicy,
        id: Uuid,
    ) -> ServiceResult<(Seen<SeenRequest>, asset::Model)> {
        let not_found = || ServiceError::not_found(&["assetId"]);
        let found = store::asset_by_id(transaction, id).await?.map(|row| row.request_id);
        let seen = self.see_holder(transaction, caller, found, &["assetId"]).await;
        // The first read found the request only: another act may have changed the asset before the lock.
        let row = store::asset_by_id(transaction, id).await;
        let (seen, row) = (seen?, row?.ok_or_else(not_found)?);
        if !self.sees_asset(&seen, &row) {
            return Err(not_found());
        }
        Ok((seen, row))
    }
}

/// Revokes an asset: frees its name and units, and deletes an unread secret.
pub(in crate::service) async fn revoke(
    change: &mut RequestChange<'_>,
    mut row: asset::Model,
    reason: Option<String>,
    audience: Audience,
) -> ServiceResult<()> {
    change.expect_asset_untouched().await?;
    row.status = Stage::Revoked.word().to_owned();
    row.revoked_at = Some(change.now());
    row.revocation_reason = reason;
    let id = row.id;
    store::save_asset(change.transaction(), row, false).await?;
    store::release_units(change.transaction(), id).await?;
    if let Some(held) = store::credentials_of(change.transaction(), &[id]).await?.pop() {
        // A revealed credential stays revealed; any other is held for good.
        let revealed = held.state == CredentialState::Revealed.word();
        let state = if revealed { held.state.clone() } else { CredentialState::Held.word().to_owned() };
        let gone = credential::Model { sealed: None, reveal_key: None, state, ..held };
        store::save_credential(change.transaction(), gone).await?;
    }
    let subject = RequestEventSubject { asset: Some(id), ..Default::default() };
    change.append(RequestEventKind::AssetRevoked, audience, subject).await?;
    Ok(())
}

/// Returns the attributes after the act, validated by the SOP's schema: the input first, then all together.
fn attributes(row: &asset::Model, act: &Provisioning<'_>, spec: &AssetSpec) -> ServiceResult<Map<String, Value>> {
    let mut attributes: Map<String, Value> = serde_json::from_str(&row.attributes)?;
    if let Some(given) = act.given {
        let form = act.entry.asset_form(act.step, act.outcome);
        let form = form.ok_or_else(|| ServiceError::Internal("no schema for the attributes".to_owned()))?;
        let mut faults = form.validate(&given.attributes);
        let given = given.attributes.as_object().cloned().unwrap_or_default();
        // The number of a document is the document's to give.
        faults.extend(spec.numbers.keys().filter(|name| given.contains_key(*name)).map(|name| FieldFault {
            path: vec![name.clone()],
            message: say!("is taken from its document: leave it out"),
        }));
        refuse_faults(faults, &HashMap::new())?;
        if act.outcome.asset_changes.is_empty() {
            attributes.retain(|name, _| spec.numbers.contains_key(name));
        }
        attributes.extend(given);
    }
    // The document of each number, for the path of its errors.
    let mut numbered: HashMap<&str, usize> = HashMap::new();
    for (attribute, kind) in &spec.numbers {
        let mut documents = act.documents.iter().enumerate();
        if let Some((index, document)) = documents.find(|(_, given)| given.kind == *kind)
            && let Some(number) = &document.number
        {
            attributes.insert(attribute.clone(), Value::from(number.as_str()));
            numbered.insert(attribute, index);
        }
    }
    if act.given.is_none() && numbered.is_empty() {
        return Ok(attributes);
    }
    let whole = Value::Object(attributes);
    refuse_faults(act.entry.attributes.as_ref().map(|form| form.validate(&whole)).unwrap_or_default(), &numbered)?;
    match whole {
        Value::Object(attributes) => Ok(attributes),
        _ => Err(ServiceError::Internal("attributes are no object".to_owned())),
    }
}

/// Refuses faulty attributes, each with its path in the input.
fn refuse_faults(faults: Vec<FieldFault>, numbered: &HashMap<&str, usize>) -> ServiceResult<()> {
    if faults.is_empty() {
        return Ok(());
    }
    let error = |fault: FieldFault| {
        let document = fault.path.first().and_then(|name| numbered.get(name.as_str()));
        let path = match document {
            Some(index) => vec!["documents".to_owned(), index.to_string(), "number".to_owned()],
            None => ["asset", "attributes"].into_iter().map(str::to_owned).chain(fault.path).collect(),
        };
        UserError { code: UserErrorCode::InvalidInput, message: fault.message, path }
    };
    Err(ServiceError::User(faults.into_iter().map(error).collect()))
}

/// Fills a template's `{attribute}`s in, each once: values are not templates.
fn fill_template(template: &str, attributes: &Map<String, Value>) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, name, after)) =
        rest.split_once('{').and_then(|(before, rest)| rest.split_once('}').map(|(name, after)| (before, name, after)))
    {
        filled.push_str(before);
        match attributes.get(name) {
            Some(Value::String(text)) => filled.push_str(text),
            Some(value) => filled.push_str(&value.to_string()),
            None => {}
        }
        rest = after;
    }
    filled + rest
}

/// The error for a taken name or interval, at its attribute.
fn conflict(spec: &AssetSpec, error: StoreError) -> ServiceError {
    let named = spec.unique.as_deref().and_then(|template| template.split_once('{')?.1.split_once('}'));
    let attribute = match error {
        StoreError::NameTaken => named.map(|(name, _)| name),
        StoreError::PlaceTaken => spec.interval.as_ref().map(|interval| interval.from.as_str()),
        _ => None,
    };
    match (ServiceError::from(error), attribute) {
        (ServiceError::User(mut errors), Some(attribute)) => {
            errors.iter_mut().for_each(|error| error.path.push(attribute.to_owned()));
            ServiceError::User(errors)
        }
        (other, _) => other,
    }
}

/// Returns the interval of units named by the attributes, if any.
fn interval_of(interval: &Interval, attributes: &Map<String, Value>) -> ServiceResult<Option<UnitRange>> {
    let Some(place) = attributes.get(&interval.place).and_then(Value::as_str) else { return Ok(None) };
    let unit = |name: &str| attributes.get(name).and_then(Value::as_i64).and_then(|unit| i32::try_from(unit).ok());
    let refuse = |message: Text| {
        Err(ServiceError::user(UserErrorCode::InvalidInput, &["asset", "attributes", &interval.to], message))
    };
    match (unit(&interval.from), unit(&interval.to)) {
        (Some(from), Some(to)) if i64::from(to) - i64::from(from) >= MAX_UNITS => {
            refuse(say!("One asset holds {most} units at most.", most = MAX_UNITS))
        }
        (Some(from), Some(to)) if from <= to => Ok(Some(UnitRange { place: place.to_owned(), from, to })),
        _ => refuse(say!("`{to}` must not be below `{from}`.", to = &interval.to, from = &interval.from)),
    }
}
