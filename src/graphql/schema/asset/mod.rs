//! `Asset`: a provisioned cloud account, subdomain, server placement or other (`GenericAsset`), with its credential. Queries and
//! mutations are in the files of this folder.

pub(crate) mod mutation;
pub(crate) mod query;

use async_graphql::{Context, Enum, ID, Interface, Object, Result};
use entity::asset;
use uuid::Uuid;

use super::agency::Agency;
use super::office::Office;
use super::pagination::connection;
use super::request::Request;
use super::scalars::date_time::DateTime;
use super::scalars::id;
use super::scalars::json::Json;
use super::stored_enum::from_word;
use super::user::User;
use crate::access::Field;
use crate::graphql::context::loaders::CredentialOf;
use crate::graphql::context::session::{caller, load_row, service};
use crate::graphql::error;
use crate::store::{self, AssetRow};
use crate::workflow::Stage;

/// How far an asset has come. RESERVED and PROVISIONED hold its name or place; REVOKED frees it.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Stage")]
pub(crate) enum AssetStatus {
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
#[graphql(remote = "store::CredentialState")]
pub(crate) enum CredentialState {
    /// Not handed over.
    Held,
    /// Waits to be read by its recipient.
    Available,
    /// Read.
    Revealed,
}

/// The kind of a placement.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlacementKind {
    /// A server, in a rack.
    Server,
    /// An application, on the office's servers.
    Application,
}

/// A row of an asset, with access to its attributes.
#[derive(Clone)]
struct AssetRecord {
    row: asset::Model,
}

impl AssetRecord {
    /// Returns the attributes, without addresses hidden from the caller.
    fn readable_attributes(&self, context: &Context<'_>) -> Result<serde_json::Value> {
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

    /// Returns a text attribute, if readable by the caller.
    fn readable_text(&self, context: &Context<'_>, name: &str) -> Result<Option<String>> {
        Ok(self.readable_attributes(context)?[name].as_str().map(str::to_owned))
    }

    /// Returns a text attribute.
    fn text(&self, name: &str) -> Result<Option<String>> {
        Ok(self.attributes()?[name].as_str().map(str::to_owned))
    }

    /// Returns an integer attribute.
    fn number(&self, name: &str) -> Result<Option<i32>> {
        Ok(self.attributes()?[name].as_i64().and_then(|number| i32::try_from(number).ok()))
    }

    fn attributes(&self) -> Result<serde_json::Value> {
        serde_json::from_str(&self.row.attributes).map_err(|_| error::inconsistent_data("attributes cannot be read"))
    }
}

/// A provisioned asset.
#[expect(clippy::duplicated_attributes, reason = "several fields have the same type")]
#[derive(Interface, Clone)]
#[graphql(
    field(name = "id", ty = "ID", desc = "Its opaque id."),
    field(name = "kind", ty = "String", desc = "Its kind."),
    field(name = "office", ty = "Office", desc = "The provisioning office."),
    field(name = "request", ty = "Option<Request>", desc = "The request it came from; null when not visible to you."),
    field(name = "agency", ty = "Agency", desc = "The agency it is for."),
    field(name = "name", ty = "String", desc = "Its name."),
    field(name = "status", ty = "AssetStatus", desc = "How far it has come."),
    field(
        name = "attributes",
        ty = "Option<Json>",
        desc = "Its attributes: fit the outcome's `assetSchema`, without addresses hidden from you (`field:address`). \
                Null only beside an error."
    ),
    field(name = "created_at", ty = "DateTime", desc = "When it was reserved or made."),
    field(name = "verified_at", ty = "Option<DateTime>", desc = "When it was verified; null where it was not."),
    field(name = "delivered_at", ty = "Option<DateTime>", desc = "When it was handed over; null where it was not."),
    field(
        name = "revoked_at",
        ty = "Option<DateTime>",
        desc = "When it was taken out of service; null while it is in service."
    ),
    field(
        name = "revocation_reason",
        ty = "Option<String>",
        desc = "Why it was taken out of service; null while it is in service."
    ),
    field(name = "credential", ty = "Option<Credential>", desc = "Its credential; null where it has none.")
)]
pub(crate) enum Asset {
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
    /// Returns the GraphQL type for the kind of a row.
    pub(crate) fn from_row(row: asset::Model) -> Self {
        let record = AssetRecord { row };
        match record.row.kind.as_str() {
            "CloudAccount" => Self::CloudAccount(CloudAccount(record)),
            "Subdomain" => Self::Subdomain(Subdomain(record)),
            "ServerPlacement" => Self::ServerPlacement(ServerPlacement(record)),
            _ => Self::GenericAsset(GenericAsset(record)),
        }
    }
}

/// Makes a type of asset of the fields common to all and its own.
macro_rules! asset {
    ($(#[$doc:meta])* $name:ident { $($own:tt)* }) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub(crate) struct $name(AssetRecord);

        $(#[$doc])*
        #[Object]
        impl $name {
            /// Its opaque id.
            pub(crate) async fn id(&self, context: &Context<'_>) -> Result<ID> {
                id::encode(context, "Asset", self.0.row.id)
            }

            /// Its kind.
            pub(crate) async fn kind(&self) -> String {
                self.0.row.kind.clone()
            }

            /// The provisioning office.
            pub(crate) async fn office(&self) -> Office {
                Office(self.0.row.office.clone())
            }

            /// The request it came from; null when not visible to you.
            pub(crate) async fn request(&self, context: &Context<'_>) -> Result<Option<Request>> {
                Request::find(context, self.0.row.request_id).await
            }

            /// The agency it is for.
            pub(crate) async fn agency(&self, context: &Context<'_>) -> Result<Agency> {
                Agency::load(context, self.0.row.agency_id).await
            }

            /// Its name.
            pub(crate) async fn name(&self) -> String {
                self.0.row.name.clone()
            }

            /// How far it has come.
            pub(crate) async fn status(&self) -> Result<AssetStatus> {
                from_word(&self.0.row.status)
            }

            /// Its attributes: fit the outcome's `assetSchema`, without addresses hidden from you (`field:address`).
            /// Null only beside an error.
            pub(crate) async fn attributes(
                &self,
                context: &Context<'_>,
            ) -> Result<Option<Json>> {
                Ok(Some(Json(self.0.readable_attributes(context)?)))
            }

            /// When it was reserved or made.
            pub(crate) async fn created_at(&self) -> DateTime {
                DateTime(self.0.row.created_at)
            }

            /// When it was verified; null where it was not.
            pub(crate) async fn verified_at(&self) -> Option<DateTime> {
                self.0.row.verified_at.map(DateTime)
            }

            /// When it was handed over; null where it was not.
            pub(crate) async fn delivered_at(&self) -> Option<DateTime> {
                self.0.row.delivered_at.map(DateTime)
            }

            /// When it was taken out of service; null while it is in service.
            pub(crate) async fn revoked_at(&self) -> Option<DateTime> {
                self.0.row.revoked_at.map(DateTime)
            }

            /// Why it was taken out of service; null while it is in service.
            pub(crate) async fn revocation_reason(&self) -> Option<String> {
                self.0.row.revocation_reason.clone()
            }

            /// Its credential; null where it has none.
            pub(crate) async fn credential(&self, context: &Context<'_>) -> Result<Option<Credential>> {
                Credential::find(context, self.0.row.id).await
            }

            $($own)*
        }
    };
}

asset!(
    /// An account in the city's cloud.
    CloudAccount {
        /// Its user name; null where its SOP asks for none.
        pub(crate) async fn username(&self) -> Result<Option<String>> {
            self.0.text("username")
        }

        /// Its storage quota, in GiB; null where its SOP asks for none.
        pub(crate) async fn quota_gib(&self) -> Result<Option<i32>> {
            self.0.number("quotaGib")
        }

        /// Where it is used; null where the office's policy does not let you read it (`field:address`).
        pub(crate) async fn service_address(&self, context: &Context<'_>) -> Result<Option<String>> {
            self.0.readable_text(context, "serviceAddress")
        }
    }
);

asset!(
    /// A name under the city's domain.
    Subdomain {
        /// Its fully qualified name.
        pub(crate) async fn fqdn(&self) -> Result<String> {
            Ok(self.0.attributes()?["fqdn"].as_str().unwrap_or(&self.0.row.name).to_owned())
        }

        /// The type of its DNS record; null where its SOP asks for none.
        pub(crate) async fn record_type(&self) -> Result<Option<String>> {
            self.0.text("recordType")
        }

        /// The target of the record; null where the office's policy does not let you read it (`field:address`).
        pub(crate) async fn target(&self, context: &Context<'_>) -> Result<Option<String>> {
            self.0.readable_text(context, "target")
        }
    }
);

asset!(
    /// A place in the server room, or for an application on the office's servers.
    ServerPlacement {
        /// The kind of placement.
        pub(crate) async fn placement_kind(&self) -> Result<PlacementKind> {
            from_word(self.0.attributes()?["placementKind"].as_str().unwrap_or("SERVER"))
        }

        /// The rack; null for an application.
        pub(crate) async fn rack(&self) -> Result<Option<String>> {
            self.0.text("rack")
        }

        /// The lowest rack unit held; null for an application.
        pub(crate) async fn unit_from(&self) -> Result<Option<i32>> {
            self.0.number("unitFrom")
        }

        /// The highest rack unit held; null for an application.
        pub(crate) async fn unit_to(&self) -> Result<Option<i32>> {
            self.0.number("unitTo")
        }

        /// The number of the signed determination; null until there is one.
        pub(crate) async fn determination_number(&self) -> Result<Option<String>> {
            self.0.text("determinationNumber")
        }
    }
);

asset!(
    /// Any other kind of asset: see `kind` and `attributes`.
    GenericAsset {}
);

/// The secret part of an asset: shown once, to its recipient, by `revealCredential`.
pub(crate) struct Credential(entity::credential::Model);

impl Credential {
    pub(crate) async fn find(context: &Context<'_>, asset: Uuid) -> Result<Option<Self>> {
        Ok(load_row(context, CredentialOf(asset)).await?.map(Self))
    }
}

/// The secret part of an asset: shown once, to its recipient, by `revealCredential`.
#[Object]
impl Credential {
    /// How far it has come.
    pub(crate) async fn state(&self) -> Result<CredentialState> {
        from_word(&self.0.state)
    }

    /// Its recipient.
    pub(crate) async fn recipient(&self, context: &Context<'_>) -> Result<User> {
        User::load(context, self.0.recipient_id, None).await
    }

    /// When it was read; null until then.
    pub(crate) async fn revealed_at(&self) -> Option<DateTime> {
        self.0.revealed_at.map(DateTime)
    }
}
