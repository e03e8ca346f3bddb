//! The people of the demo, all invented: “Contoh” means example.

use crate::access::Capacity;
use crate::auth::Secret;
use crate::service::{CreateAgency, GrantRole, NewPerson, Operator, Service, ServiceError};

/// Password of all people.
pub(super) const PASSWORD: &str = "contoh belaka";

/// A person of the demo.
pub(super) struct DemoUser {
    pub(super) username: &'static str,
    pub(super) name: &'static str,
    office: &'static str,
    role: &'static str,
    agency: Option<&'static str>,
}

impl DemoUser {
    /// Role, office and agency, for display.
    pub(super) fn description(&self) -> String {
        let agency = self.agency.map(|agency| format!(" of {agency}")).unwrap_or_default();
        format!("{} in {}{agency}", self.role, self.office)
    }
}

const fn user(
    username: &'static str,
    name: &'static str,
    (office, role): (&'static str, &'static str),
    agency: Option<&'static str>,
) -> DemoUser {
    DemoUser { username, name, office, role, agency }
}

const SKW: &str = "singkawang";
const DPS: &str = "denpasar";

/// The agencies: office, key, name.
const AGENCIES: &[(&str, &str, &str)] = &[
    (SKW, "dinkes", "Dinas Kesehatan (contoh)"),
    (SKW, "disdik", "Dinas Pendidikan (contoh)"),
    (DPS, "bapenda", "Badan Pendapatan Daerah (contoh)"),
];

/// One person for every role, and two applicants in Singkawang.
pub(super) const USERS: &[DemoUser] = &[
    user("siti", "Siti Contoh", (SKW, "opd"), Some("dinkes")),
    user("rina", "Rina Contoh", (SKW, "opd"), Some("disdik")),
    user("hadi", "Hadi Contoh", (SKW, "pimpinan-opd"), Some("dinkes")),
    user("tono", "Tono Contoh", (SKW, "tu"), None),
    user("kadri", "Kadri Contoh", (SKW, "kepala-dinas"), None),
    user("andi", "Andi Contoh", (SKW, "kabid-aptika"), None),
    user("lia", "Lia Contoh", (SKW, "subkor-ile"), None),
    user("cahyo", "Cahyo Contoh", (SKW, "admin-cloud"), None),
    user("surya", "Surya Contoh", (SKW, "admin-system"), None),
    user("nina", "Nina Contoh", (SKW, "office-admin"), None),
    user("agus", "Agus Contoh", (SKW, "auditor"), None),
    user("made", "Made Contoh", (DPS, "opd"), Some("bapenda")),
    user("ketut", "Ketut Contoh", (DPS, "pimpinan-opd"), Some("bapenda")),
    user("wayan", "Wayan Contoh", (DPS, "kabid-egovernment"), None),
    user("kadek", "Kadek Contoh", (DPS, "kasi-psk"), None),
    user("nyoman", "Nyoman Contoh", (DPS, "kepala-dinas"), None),
    user("gede", "Gede Contoh", (DPS, "sekretaris-dinas"), None),
    user("putu", "Putu Contoh", (DPS, "office-admin"), None),
    user("komang", "Komang Contoh", (DPS, "auditor"), None),
];

/// Creates the agencies, the people and their grants.
pub(super) async fn create(service: &Service) -> Result<(), String> {
    let operator = Operator::new(service.store().clone(), service.clock());
    let failed = |refused: ServiceError| format!("{refused:?}");
    for (office, key, name) in AGENCIES {
        let (office, key, name) = ((*office).to_owned(), (*key).to_owned(), (*name).to_owned());
        operator.create_agency(CreateAgency { office, key, name, idempotency_key: None }).await.map_err(failed)?;
    }
    let password = Secret::new(PASSWORD.to_owned());
    for demo_user in USERS {
        let agency = demo_user.agency.map(|key| (demo_user.office, key));
        let new = NewPerson { username: demo_user.username, name: demo_user.name, nip: None, agency };
        let user = operator.create_user(&new, &password).await.map_err(failed)?;
        let office = service.catalog().office(demo_user.office).ok_or("a demo user's office is not shipped")?;
        let role = office.office.roles.get(demo_user.role).ok_or("a demo user's role is not shipped")?;
        let given = GrantRole {
            office: demo_user.office.to_owned(),
            user,
            role: demo_user.role.to_owned(),
            agency: demo_user.agency.map(str::to_owned),
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
