//! The office, owner of SOPs and addressee of requests: content of `procedures/<office>/office.toml`.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveTime, Weekday};
use serde::{Deserialize, Serialize};

use crate::language::Translations;

/// An office (Dinas).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Office {
    /// The folder's name, not in the file. A casbin domain.
    #[serde(skip)]
    pub key: String,
    /// Its printed name.
    pub name: String,
    /// The city it serves.
    pub city: String,
    /// IANA time zone (`Asia/Pontianak`).
    pub time_zone: chrono_tz::Tz,
    /// The office's part of request numbers (`SKW`).
    pub code: String,
    /// A template over `office`, `procedure`, `year` and `number` (four digits at least).
    pub number_format: String,
    /// The city's domain, parent of subdomains.
    pub domain: String,
    /// Reserved labels under the domain.
    #[serde(default)]
    pub reserved_labels: Vec<String>,
    /// The racks of the server room.
    #[serde(default)]
    pub racks: Vec<Rack>,
    /// The attributes with the network address of an asset, by its kind; their visibility has a permission of its own.
    #[serde(default)]
    pub addresses: BTreeMap<String, Vec<String>>,
    /// The roles for policies and grants, by key.
    pub roles: BTreeMap<String, RoleSpec>,
    /// When the office works.
    pub hours: Vec<WorkingHours>,
    /// Holidays.
    #[serde(default)]
    pub holidays: Vec<NaiveDate>,
    /// The English labels of its SOPs: a file of its own.
    #[serde(skip)]
    pub english: Translations,
}

/// A rack of the server room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rack {
    /// Its name.
    pub name: String,
    /// Its height in rack units, at least 1.
    pub units: u32,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleSpec {
    /// Its printed name.
    pub name: String,
    /// A role of an agency's people: its grants name the agency.
    #[serde(default)]
    pub of_agency: bool,
}

/// A stretch of working time on some days of the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkingHours {
    /// The days (`Mon`).
    pub days: Vec<Weekday>,
    /// From, local time.
    pub from: NaiveTime,
    /// Until, local time, after `from`.
    pub until: NaiveTime,
}

impl Office {
    /// The office's JSON Schema definitions, `$defs` in its procedures' schemas: `reserved_label`, `city_host` (a name
    /// under the city's domain), `reserved_host` (one at or under a reserved label of it), `rack` (a rack's name) and
    /// `rack_place` (an object with `unitFrom` and `unitTo` within the height of its `rack`).
    pub fn definitions(&self) -> serde_json::Value {
        let racks: Vec<&str> = self.racks.iter().map(|rack| rack.name.as_str()).collect();
        let within = |rack: &Rack| {
            let unit = serde_json::json!({ "minimum": 1, "maximum": rack.units });
            serde_json::json!({
                "if": { "properties": { "rack": { "const": rack.name } }, "required": ["rack"] },
                "then": { "properties": { "unitFrom": unit, "unitTo": unit } }
            })
        };
        let places: Vec<serde_json::Value> = self.racks.iter().map(within).collect();
        let label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
        let domain = self.domain.replace('.', r"\.");
        let reserved = self.reserved_labels.join("|");
        let reserved_host = serde_json::json!({ "pattern": format!(r"(^|\.)({reserved})\.{domain}$") });
        serde_json::json!({
            "reserved_label": { "enum": self.reserved_labels },
            "reserved_host": if reserved.is_empty() { serde_json::json!(false) } else { reserved_host },
            "city_host": { "type": "string", "maxLength": 253, "pattern": format!(r"^({label}\.)+{domain}$") },
            "rack": if racks.is_empty() { serde_json::json!(false) } else { serde_json::json!({ "enum": racks }) },
            "rack_place": if places.is_empty() { serde_json::json!({}) } else { serde_json::json!({ "allOf": places }) },
        })
    }

    /// A request's number: `SKW/CLOUD/2026/0042`.
    pub fn request_number(&self, procedure_code: &str, year: i32, number: i64) -> String {
        self.number_format
            .replace("{office}", &self.code)
            .replace("{procedure}", procedure_code)
            .replace("{year}", &year.to_string())
            .replace("{number}", &format!("{number:04}"))
    }
}
