//! `Submission`: letter, person in charge and form of a request, at first or when completed.

use async_graphql::{Context, Enum, Object, Result, SimpleObject};
use entity::submission;

use super::Request;
use crate::access::{self, Field};
use crate::graphql::error;
use crate::graphql::schema::actor::Actor;
use crate::graphql::schema::scalars::date::Date;
use crate::graphql::schema::scalars::date_time::DateTime;
use crate::graphql::schema::scalars::json::Json;
use crate::graphql::schema::stored_enum::from_word;

/// How confidential a letter is (sifat).
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq, Default)]
#[graphql(remote = "access::Confidentiality")]
pub(crate) enum Confidentiality {
    /// Biasa.
    #[default]
    Ordinary,
    /// Terbatas.
    Restricted,
    /// Rahasia.
    Secret,
    /// Sangat rahasia.
    TopSecret,
}

pub(crate) fn form(text: &str) -> Result<Json> {
    serde_json::from_str(text).map(Json).map_err(|_| error::inconsistent_data("a stored form cannot be read"))
}

/// The request letter.
#[derive(SimpleObject)]
pub(crate) struct Letter {
    /// Its number.
    number: String,
    /// Its date.
    date: Date,
    /// Its subject.
    subject: String,
    /// Its reference in Srikandi; null where none was given.
    srikandi_reference: Option<String>,
    /// How confidential it is.
    confidentiality: Confidentiality,
}

impl Letter {
    pub(crate) fn from_row(row: &submission::Model) -> Result<Self> {
        Ok(Self {
            number: row.letter_number.clone(),
            date: Date(row.letter_date),
            subject: row.subject.clone(),
            srikandi_reference: row.srikandi_reference.clone(),
            confidentiality: from_word(&row.confidentiality)?,
        })
    }
}

/// The content of one submission.
pub(crate) struct Submission {
    pub(crate) request: Request,
    pub(crate) row: submission::Model,
}

/// The content of one submission.
#[Object]
impl Submission {
    /// Its number, from 1.
    async fn sequence(&self) -> i32 {
        self.row.sequence
    }

    /// When.
    async fn at(&self) -> DateTime {
        DateTime(self.row.at)
    }

    /// The submitter, in their role.
    async fn by(&self) -> Actor {
        Actor::new(&self.request.row().office, &self.row)
    }

    /// The letter.
    async fn letter(&self) -> Result<Letter> {
        Letter::from_row(&self.row)
    }

    /// The agency's person in charge (Data Admin). Null only beside an error.
    async fn contact(&self, context: &Context<'_>) -> Result<Option<Contact>> {
        Ok(Some(Contact::for_caller(context, &self.request, &self.row.contact)?))
    }

    /// The procedure's form, filled in. Null only beside an error.
    async fn details(&self) -> Result<Option<Json>> {
        Ok(Some(form(&self.row.details)?))
    }
}

/// The agency's person in charge (Data Admin).
#[derive(SimpleObject)]
pub(crate) struct Contact {
    /// Their name.
    name: String,
    /// Their civil servant number (NIP), 18 digits; null where none was given, and where the office's policy does not let
    /// you read it (`field:nip`).
    nip: Option<String>,
    /// Their position; null where none was given.
    position: Option<String>,
    /// Their telephone number; null where the office's policy does not let you read it (`field:phone`).
    phone: Option<String>,
    /// Their e-mail address; null where the office's policy does not let you read it (`field:email`).
    email: Option<String>,
}

impl Contact {
    /// The contact of a request's stored text, as far as the caller reads it.
    pub(crate) fn for_caller(context: &Context<'_>, request: &Request, text: &str) -> Result<Self> {
        let given: crate::service::SubmittedContact =
            serde_json::from_str(text).map_err(|_| error::inconsistent_data("a contact cannot be read"))?;
        Ok(Self {
            name: given.name,
            nip: given.nip.filter(|_| request.reads(context, Field::Nip)),
            position: given.position,
            phone: Some(given.phone).filter(|_| request.reads(context, Field::Phone)),
            email: Some(given.email).filter(|_| request.reads(context, Field::Email)),
        })
    }
}
