//! Checks of outcome effects on the asset, and their inputs.

use super::{OutcomePlace, ProcedureCheck, is_wanted};
use crate::procedure::{AssetSpec, Effect, Ending, Requirement};

impl ProcedureCheck<'_> {
    pub(super) fn effect(&mut self, at: &OutcomePlace<'_>) {
        let outcome = at.outcome;
        let asset = self.located.procedure.asset.as_ref();
        if outcome.effect.is_some() && asset.is_none() {
            let message = format!("`{}` has an effect on an asset and the procedure has none", at.name());
            self.fault(&at.to(&["effect"]), message, "describe the asset under [asset], or remove the effect");
        }
        if outcome.effect == Some(Effect::Deliver) && outcome.ends != Some(Ending::Completed) {
            // A delivered asset may be revoked at any time, and no later step could go on without it.
            let message = format!("`{}` delivers the asset and does not complete the request", at.name());
            let mend = "write `ends = \"completed\"`, or let the outcome that completes the request deliver";
            self.fault(&at.to(&["effect"]), message, mend);
        }
        let fits = match outcome.effect {
            Some(Effect::Reserve | Effect::Provision) => true,
            Some(Effect::Deliver) => !outcome.asset_changes.is_empty(),
            Some(Effect::Verify) | None => false,
        };
        if is_wanted(outcome.asset) && !fits {
            let mend = "give it `effect = \"reserve\"` or `\"provision\"`, or `\"deliver\"` with `asset_changes`";
            self.fault(&at.to(&["asset"]), format!("`{}` wants an asset it does nothing to", at.name()), mend);
        }
        self.secret(at);
        self.recipient(at);
        self.before_effect(at);
        if let Some(asset) = asset {
            self.changes(at, asset);
        }
    }

    /// A secret comes inside the asset's input.
    fn secret(&mut self, at: &OutcomePlace<'_>) {
        let outcome = at.outcome;
        if !is_wanted(outcome.secret) {
            return;
        }
        if outcome.effect != Some(Effect::Provision) {
            let message = format!("`{}` wants a secret and provisions nothing", at.name());
            self.fault(&at.to(&["secret"]), message, "give it `effect = \"provision\"`, or do not ask for a secret");
        }
        let mend = match (outcome.secret, outcome.asset) {
            (Requirement::Required, Requirement::None | Requirement::Optional) => "write `asset = \"required\"`",
            (Requirement::Optional, Requirement::None) => "write `asset = \"optional\"` or `\"required\"`",
            _ => return,
        };
        let message = format!("`{}` wants a secret without an asset to come with: no act could bring it", at.name());
        self.fault(&at.to(&["secret"]), message, mend);
    }

    /// A credential is handed over with its asset.
    fn recipient(&mut self, at: &OutcomePlace<'_>) {
        if !is_wanted(at.outcome.recipient) {
            return;
        }
        let secret = self.outcomes().any(|(_, other)| is_wanted(other.secret));
        if at.outcome.effect != Some(Effect::Deliver) || !secret {
            let message = format!("`{}` asks for the recipient of a credential and hands none over", at.name());
            let mend = "ask where the asset is delivered, and for a secret where it is provisioned";
            self.fault(&at.to(&["recipient"]), message, mend);
        }
    }

    /// Checks the preconditions of an effect.
    fn before_effect(&mut self, at: &OutcomePlace<'_>) {
        let reserved = self.has_effect(Effect::Reserve);
        let lacks = match at.outcome.effect {
            Some(Effect::Reserve) if at.outcome.asset != Requirement::Required => {
                Some(("reserves and wants no asset", "write `asset = \"required\"`"))
            }
            Some(Effect::Provision) if at.outcome.asset != Requirement::Required && !reserved => {
                Some(("provisions what was neither brought nor reserved", "write `asset = \"required\"`"))
            }
            Some(Effect::Verify | Effect::Deliver) if !self.has_effect(Effect::Provision) => {
                Some(("needs an asset that nothing provisions", "give an earlier outcome `effect = \"provision\"`"))
            }
            _ => None,
        };
        if let Some((what, mend)) = lacks {
            self.fault(&at.to(&["effect"]), format!("`{}` {what}", at.name()), mend);
        }
    }

    /// Checks the attributes that an act may change.
    fn changes(&mut self, at: &OutcomePlace<'_>, asset: &AssetSpec) {
        let outcome = at.outcome;
        if outcome.asset_changes.is_empty() {
            return;
        }
        let path = at.to(&["asset_changes"]);
        if !is_wanted(outcome.asset) {
            let message = format!("`{}` has `asset_changes` and wants no asset", at.name());
            self.fault(&path, message, "write `asset = \"optional\"` or `\"required\"`");
        }
        if outcome.effect != Some(Effect::Deliver) {
            let message = format!("`{}` changes some attributes of an asset that it does not deliver", at.name());
            let mend = "leave `asset_changes` out: reserving and provisioning give all attributes";
            self.fault(&path, message, mend);
        }
        self.refuse_repeats(&path, &outcome.asset_changes);
        for name in &outcome.asset_changes {
            let path = at.to(&["asset_changes", name]);
            if self.attribute(asset, &path, name)
                && let Some(record) = asset.numbers.get(name)
            {
                let message = format!("`{name}` takes its number from `{record}`, so no act may change it");
                self.fault(&path, message, "leave it out");
            }
        }
    }
}
