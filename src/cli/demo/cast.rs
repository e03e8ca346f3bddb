//! The people of the demo. All of them are invented: “Contoh” means example.

use crate::access::Capacity;
use crate::auth::Secret;
use crate::service::{CreateAgency, GrantRole, NewPerson, Operator, Refused, Service};

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
pub(super) async fn enter(service: &Service) -> Result<(), String> {
    let operator = Operator::new(service.store().clone(), service.clock());
    let failed = |refused: Refused| format!("{refused:?}");
    for (office, key, name) in AGENCIES {
        let (office, key, name) = ((*office).to_owned(), (*key).to_owned(), (*name).to_owned());
        operator.create_agency(CreateAgency { office, key, name, idempotency_key: None }).await.map_err(failed)?;
    }
    let password = Secret::new(PASSWORD.to_owned());
    for player in CAST {
        let agency = player.agency.map(|key| (player.office, key));
        let new = NewPerson { username: player.username, name: player.name, nip: None, agency };
        let user = operator.create_user(&new, &password).await.map_err(failed)?;
        let office = service.catalog().office(player.office).ok_or("a player's office is not shipped")?;
        let role = office.office.roles.get(player.role).ok_or("a player's role is not shipped")?;
        let given = GrantRole {
            office: player.office.to_owned(),
            user,
            role: player.role.to_owned(),
            agency: player.agency.map(str::to_owned),
            capacity: Capacity::Definitive,
            decree_number: None,
            on_behalf_of: None,
            valid_from: None,
            valid_until: None,
            idempotency_key: None,
        };
        operator.grant_role(role, given).await.map_err(failed)?;
    }
    Ok(())
}
