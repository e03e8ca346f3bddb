//! What was provisioned. A kind that has no type of its own is a `GenericAsset`.

use async_graphql::{Context, Enum, ID, Interface, Object, Result};
use entity::asset;
use uuid::Uuid;

use super::json::Json;
use super::moment::Moment;
use super::page::connection;
use super::request::{Request, find, word};
use super::who::{Agency, Office, User, agency, person};
use crate::access::Field;
use crate::graphql::loaders::CredentialOf;
use crate::graphql::session::{caller, service, session};
use crate::graphql::{error, id};
use crate::store::AssetRow;

/// How far an asset has come. RESERVED and PROVISIONED hold its name or place; REVOKED frees it.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::graphql) enum AssetStatus {
    /// Its name or place is held; nothing is made yet.
    Reserved,
    /// Made.
    Provisioned,
    /// Made, and confirmed to work.
    Verified,
    /// Handed over, in service.
    Active,
    /// Out of service.
    Revoked,
}

/// How far a credential has come.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::graphql) enum CredentialState {
    /// Not handed over.
    Held,
    /// Waits to be read by its recipient.
    Available,
    /// Read.
    Revealed,
}

/// What a placement is of.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::graphql) enum PlacementKind {
    /// A server, in a rack.
    Server,
    /// An application, on the office's servers.
    Application,
}

/// An asset's row.
#[derive(Clone)]
struct Held {
    row: asset::Model,
}

impl Held {
    /// Its attributes, without the addresses that the caller does not read.
    fn read(&self, context: &Context<'_>) -> Result<serde_json::Value> {
        let mut attributes = self.attributes()?;
        let service = service(context)?;
        let addresses = service.addresses_of(&self.row);
        let about = AssetRow(&self.row);
        let has = attributes.as_object_mut().filter(|map| addresses.iter().any(|name| map.contains_key(name)));
        if let Some(map) = has
            && !caller(context).is_ok_and(|caller| service.reads(caller, &about, Field::Address))
        {
            map.retain(|name, _| !addresses.contains(name));
        }
        Ok(attributes)
    }

    /// An attribute that is a text, where the caller reads it.
    fn text_read(&self, context: &Context<'_>, name: &str) -> Result<Option<String>> {
        Ok(self.read(context)?[name].as_str().map(str::to_owned))
    }

    /// An attribute that is a text.
    fn text(&self, name: &str) -> Result<Option<String>> {
        Ok(self.attributes()?[name].as_str().map(str::to_owned))
    }

    /// An attribute that is a whole number.
    fn number(&self, name: &str) -> Result<Option<i32>> {
        Ok(self.attributes()?[name].as_i64().and_then(|number| i32::try_from(number).ok()))
    }

    fn attributes(&self) -> Result<serde_json::Value> {
        serde_json::from_str(&self.row.attributes).map_err(|_| error::damaged("attributes cannot be read"))
    }
}

/// What was provisioned.
#[expect(clippy::duplicated_attributes, reason = "several fields have the same type")]
#[derive(Interface, Clone)]
#[graphql(
    field(name = "id", ty = "ID", desc = "Its opaque id."),
    field(name = "kind", ty = "String", desc = "Its kind."),
    field(name = "office", ty = "Office", desc = "The office that provisioned it."),
    field(
        name = "request",
        ty = "Option<Request>",
        desc = "The request that it came from; null when you may not see that."
    ),
    field(name = "agency", ty = "Agency", desc = "The agency that it is for."),
    field(name = "name", ty = "String", desc = "Its name."),
    field(name = "status", ty = "AssetStatus", desc = "How far it has come."),
    field(
        name = "attributes",
        ty = "Option<Json>",
        desc = "Its attributes: fit the outcome's `assetSchema`, without the addresses that you may not read (`field:address`). \
                Null only beside an error."
    ),
    field(name = "created_at", ty = "Moment", desc = "When it was reserved or made."),
    field(name = "verified_at", ty = "Option<Moment>", desc = "When it was verified; null where it was not."),
    field(name = "delivered_at", ty = "Option<Moment>", desc = "When it was handed over; null where it was not."),
    field(
        name = "revoked_at",
        ty = "Option<Moment>",
        desc = "When it was taken out of service; null while it is in service."
    ),
    field(
        name = "revocation_reason",
        ty = "Option<String>",
        desc = "Why it was taken out of service; null while it is in service."
    ),
    field(name = "credential", ty = "Option<Credential>", desc = "Its credential; null where it has none.")
)]
pub(in crate::graphql) enum Asset {
    /// A cloud account.
    CloudAccount(CloudAccount),
    /// A subdomain.
    Subdomain(Subdomain),
    /// A placement in the server room.
    ServerPlacement(ServerPlacement),
    /// Any other.
    GenericAsset(GenericAsset),
}

connection!(
    /// A page of assets.
    AssetConnection, AssetEdge, Asset
);

impl Asset {
    /// The type of a row's kind.
    pub(in crate::graphql) fn of(row: asset::Model) -> Self {
        let held = Held { row };
        match held.row.kind.as_str() {
            "CloudAccount" => Self::CloudAccount(CloudAccount(held)),
            "Subdomain" => Self::Subdomain(Subdomain(held)),
            "ServerPlacement" => Self::ServerPlacement(ServerPlacement(held)),
            _ => Self::GenericAsset(GenericAsset(held)),
        }
    }
}

/// A type of asset: what every one has, and what only it has.
macro_rules! asset {
    ($(#[$doc:meta])* $name:ident { $($own:tt)* }) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub(in crate::graphql) struct $name(Held);

        $(#[$doc])*
        #[Object]
        impl $name {
            /// Its opaque id.
            pub(in crate::graphql) async fn id(&self) -> ID {
                id::encode("Asset", self.0.row.id)
            }

            /// Its kind.
            pub(in crate::graphql) async fn kind(&self) -> String {
                self.0.row.kind.clone()
            }

            /// The office that provisioned it.
            pub(in crate::graphql) async fn office(&self) -> Office {
                Office(self.0.row.office.clone())
            }

            /// The request that it came from; null when you may not see that.
            pub(in crate::graphql) async fn request(&self, context: &Context<'_>) -> Result<Option<Request>> {
                find(context, self.0.row.request_id).await
            }

            /// The agency that it is for.
            pub(in crate::graphql) async fn agency(&self, context: &Context<'_>) -> Result<Agency> {
                agency(context, self.0.row.agency_id).await
            }

            /// Its name.
            pub(in crate::graphql) async fn name(&self) -> String {
                self.0.row.name.clone()
            }

            /// How far it has come.
            pub(in crate::graphql) async fn status(&self) -> Result<AssetStatus> {
                word(&self.0.row.status)
            }

            /// Its attributes: fit the outcome's `assetSchema`, without the addresses that you may not read (`field:address`).
            /// Null only beside an error.
            pub(in crate::graphql) async fn attributes(
                &self,
                context: &Context<'_>,
            ) -> Result<Option<Json>> {
                Ok(Some(Json(self.0.read(context)?)))
            }

            /// When it was reserved or made.
            pub(in crate::graphql) async fn created_at(&self) -> Moment {
                Moment(self.0.row.created_at)
            }

            /// When it was verified; null where it was not.
            pub(in crate::graphql) async fn verified_at(&self) -> Option<Moment> {
                self.0.row.verified_at.map(Moment)
            }

            /// When it was handed over; null where it was not.
            pub(in crate::graphql) async fn delivered_at(&self) -> Option<Moment> {
                self.0.row.delivered_at.map(Moment)
            }

            /// When it was taken out of service; null while it is in service.
            pub(in crate::graphql) async fn revoked_at(&self) -> Option<Moment> {
                self.0.row.revoked_at.map(Moment)
            }

            /// Why it was taken out of service; null while it is in service.
            pub(in crate::graphql) async fn revocation_reason(&self) -> Option<String> {
                self.0.row.revocation_reason.clone()
            }

            /// Its credential; null where it has none.
            pub(in crate::graphql) async fn credential(&self, context: &Context<'_>) -> Result<Option<Credential>> {
                Credential::of(context, self.0.row.id).await
            }

            $($own)*
        }
    };
}

asset!(
    /// An account in the city's cloud.
    CloudAccount {
        /// Its user name; null where its SOP asks for none.
        pub(in crate::graphql) async fn username(&self) -> Result<Option<String>> {
            self.0.text("username")
        }

        /// Its storage quota, in GiB; null where its SOP asks for none.
        pub(in crate::graphql) async fn quota_gib(&self) -> Result<Option<i32>> {
            self.0.number("quotaGib")
        }

        /// Where it is used; null for you whom the office's policy does not let read it (`field:address`).
        pub(in crate::graphql) async fn service_address(&self, context: &Context<'_>) -> Result<Option<String>> {
            self.0.text_read(context, "serviceAddress")
        }
    }
);

asset!(
    /// A name under the city's domain.
    Subdomain {
        /// Its fully qualified name.
        pub(in crate::graphql) async fn fqdn(&self) -> Result<String> {
            Ok(self.0.attributes()?["fqdn"].as_str().unwrap_or(&self.0.row.name).to_owned())
        }

        /// The type of its DNS record; null where its SOP asks for none.
        pub(in crate::graphql) async fn record_type(&self) -> Result<Option<String>> {
            self.0.text("recordType")
        }

        /// What it points to; null for you whom the office's policy does not let read it (`field:address`).
        pub(in crate::graphql) async fn target(&self, context: &Context<'_>) -> Result<Option<String>> {
            self.0.text_read(context, "target")
        }
    }
);

asset!(
    /// A place in the server room, or for an application on the office's servers.
    ServerPlacement {
        /// What the placement is of.
        pub(in crate::graphql) async fn placement_kind(&self) -> Result<PlacementKind> {
            word(self.0.attributes()?["placementKind"].as_str().unwrap_or("SERVER"))
        }

        /// The rack; null for an application.
        pub(in crate::graphql) async fn rack(&self) -> Result<Option<String>> {
            self.0.text("rack")
        }

        /// The lowest rack unit held; null for an application.
        pub(in crate::graphql) async fn unit_from(&self) -> Result<Option<i32>> {
            self.0.number("unitFrom")
        }

        /// The highest rack unit held; null for an application.
        pub(in crate::graphql) async fn unit_to(&self) -> Result<Option<i32>> {
            self.0.number("unitTo")
        }

        /// The number of the signed determination; null until there is one.
        pub(in crate::graphql) async fn determination_number(&self) -> Result<Option<String>> {
            self.0.text("determinationNumber")
        }
    }
);

asset!(
    /// What an SOP provisions that has no type of its own: see `kind` and `attributes`.
    GenericAsset {}
);

/// The secret part of an asset: shown once, to its recipient, by `revealCredential`.
pub(in crate::graphql) struct Credential(entity::credential::Model);

impl Credential {
    pub(in crate::graphql) async fn of(context: &Context<'_>, asset: Uuid) -> Result<Option<Self>> {
        let loaded = session(context)?.loader().load_one(CredentialOf(asset)).await.map_err(error::load)?;
        Ok(loaded.and_then(|mut rows| rows.pop()).map(Self))
    }
}

/// The secret part of an asset: shown once, to its recipient, by `revealCredential`.
#[Object]
impl Credential {
    /// How far it has come.
    pub(in crate::graphql) async fn state(&self) -> Result<CredentialState> {
        word(&self.0.state)
    }

    /// Whom it is for.
    pub(in crate::graphql) async fn recipient(&self, context: &Context<'_>) -> Result<User> {
        person(context, self.0.recipient_id, None).await
    }

    /// When it was read; null until then.
    pub(in crate::graphql) async fn revealed_at(&self) -> Option<Moment> {
        self.0.revealed_at.map(Moment)
    }
}
