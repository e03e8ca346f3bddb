//! The people of the demo. All of them are invented: “Contoh” means example.

use chrono::Utc;
use uuid::Uuid;

use crate::access::Capacity;
use crate::auth::Secret;
use crate::cli::people::{NewPerson, add_agency, add_grant, add_person};
use crate::clock::{Clock, SystemClock};
use crate::store::{self, Store};

/// Everybody's password in the demo.
pub(super) const PASSWORD: &str = "contoh belaka";

/// A person of the demo, and what they are.
pub(super) struct Player {
    pub(super) username: &'static str,
    pub(super) name: &'static str,
    office: &'static str,
    role: &'static str,
    agency: Option<&'static str>,
}

impl Player {
    /// What they are, for people.
    pub(super) fn part(&self) -> String {
        let agency = self.agency.map(|agency| format!(" of {agency}")).unwrap_or_default();
        format!("{} in {}{agency}", self.role, self.office)
    }
}

const fn player(
    username: &'static str,
    name: &'static str,
    (office, role): (&'static str, &'static str),
    agency: Option<&'static str>,
) -> Player {
    Player { username, name, office, role, agency }
}

const SKW: &str = "singkawang";
const DPS: &str = "denpasar";

/// The agencies: office, key, name.
const AGENCIES: &[(&str, &str, &str)] = &[
    (SKW, "dinkes", "Dinas Kesehatan (contoh)"),
    (SKW, "disdik", "Dinas Pendidikan (contoh)"),
    (DPS, "bapenda", "Badan Pendapatan Daerah (contoh)"),
];

/// One for every role, and two who submit in Singkawang.
pub(super) const CAST: &[Player] = &[
    player("siti", "Siti Contoh", (SKW, "opd"), Some("dinkes")),
    player("rina", "Rina Contoh", (SKW, "opd"), Some("disdik")),
    player("hadi", "Hadi Contoh", (SKW, "pimpinan-opd"), Some("dinkes")),
    player("tono", "Tono Contoh", (SKW, "tu"), None),
    player("kadri", "Kadri Contoh", (SKW, "kepala-dinas"), None),
    player("andi", "Andi Contoh", (SKW, "kabid-aptika"), None),
    player("lia", "Lia Contoh", (SKW, "subkor-ile"), None),
    player("cahyo", "Cahyo Contoh", (SKW, "admin-cloud"), None),
    player("surya", "Surya Contoh", (SKW, "admin-system"), None),
    player("nina", "Nina Contoh", (SKW, "office-admin"), None),
    player("agus", "Agus Contoh", (SKW, "auditor"), None),
    player("made", "Made Contoh", (DPS, "opd"), Some("bapenda")),
    player("ketut", "Ketut Contoh", (DPS, "pimpinan-opd"), Some("bapenda")),
    player("wayan", "Wayan Contoh", (DPS, "kabid-egovernment"), None),
    player("kadek", "Kadek Contoh", (DPS, "kasi-psk"), None),
    player("nyoman", "Nyoman Contoh", (DPS, "kepala-dinas"), None),
    player("gede", "Gede Contoh", (DPS, "sekretaris-dinas"), None),
    player("putu", "Putu Contoh", (DPS, "office-admin"), None),
    player("komang", "Komang Contoh", (DPS, "auditor"), None),
];

/// Adds the agencies, the people and their grants.
pub(super) async fn enter(store: &Store) -> Result<(), String> {
    let mut agencies: Vec<(&str, &str, Uuid)> = Vec::new();
    for (office, key, name) in AGENCIES {
        agencies.push((office, key, add_agency(store, office, key, name).await?));
    }
    let password = Secret::new(PASSWORD.to_owned());
    for player in CAST {
        let is_theirs =
            |(office, key, _): &&(&str, &str, Uuid)| *office == player.office && Some(*key) == player.agency;
        let agency_id = agencies.iter().find(is_theirs).map(|(_, _, id)| *id);
        let new = NewPerson { username: player.username, name: player.name, nip: None, agency_id };
        let user_id = add_person(store, &new, &password).await?;
        let now: chrono::DateTime<Utc> = SystemClock.now();
        let grant = entity::grant::Model {
            id: store::new_id(now),
            user_id,
            office: player.office.to_owned(),
            role: player.role.to_owned(),
            agency_id,
            capacity: Capacity::Definitive.word().to_owned(),
            decree_number: None,
            on_behalf_of: None,
            valid_from: now,
            valid_until: None,
        };
        add_grant(store, grant).await?;
    }
    Ok(())
}
