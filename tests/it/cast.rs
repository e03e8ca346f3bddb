//! The people of the tests, by their roles. A cast is entered once for each run (`prepared`): share one where more people do no
//! harm.

/// A person: name, office, role, and the agency of an agency's people.
pub(crate) type Entry<'a> = (&'a str, &'a str, &'a str, Option<&'a str>);

/// The people of a test.
pub(crate) type Cast<'a> = &'a [Entry<'a>];

pub(crate) const OPD: Entry<'static> = ("opd", "singkawang", "opd", Some("dinkes"));
pub(crate) const TU: Entry<'static> = ("tu", "singkawang", "tu", None);
pub(crate) const KADIS: Entry<'static> = ("kadis", "singkawang", "kepala-dinas", None);
pub(crate) const KABID: Entry<'static> = ("kabid", "singkawang", "kabid-aptika", None);
pub(crate) const SUBKOR: Entry<'static> = ("subkor", "singkawang", "subkor-ile", None);
pub(crate) const CLOUD: Entry<'static> = ("cloud", "singkawang", "admin-cloud", None);
pub(crate) const SYSTEM: Entry<'static> = ("system", "singkawang", "admin-system", None);

/// A colleague of OPD, their head, and somebody of another agency.
pub(crate) const COLLEAGUE: Entry<'static> = ("colleague", "singkawang", "opd", Some("dinkes"));
pub(crate) const CHIEF: Entry<'static> = ("chief", "singkawang", "pimpinan-opd", Some("dinkes"));
pub(crate) const OTHER: Entry<'static> = ("other", "singkawang", "opd", Some("dinsos"));

pub(crate) const AUDITOR: Entry<'static> = ("auditor", "singkawang", "auditor", None);
pub(crate) const ADMIN: Entry<'static> = ("admin", "singkawang", "office-admin", None);

pub(crate) const MADE: Entry<'static> = ("made", "denpasar", "opd", Some("bapenda"));
pub(crate) const WAYAN: Entry<'static> = ("wayan", "denpasar", "kabid-egovernment", None);
pub(crate) const KADEK: Entry<'static> = ("kadek", "denpasar", "kasi-psk", None);
pub(crate) const KETUT: Entry<'static> = ("ketut", "denpasar", "kepala-dinas", None);
pub(crate) const PUTU: Entry<'static> = ("putu", "denpasar", "office-admin", None);

/// One person for every role with a step in Singkawang.
pub(crate) const SINGKAWANG: Cast<'static> = &[OPD, TU, KADIS, KABID, SUBKOR, CLOUD, SYSTEM];

/// One person for every role with a step in Denpasar.
pub(crate) const DENPASAR: Cast<'static> = &[MADE, WAYAN, KADEK, KETUT];

/// Adds people to a cast: `SINGKAWANG.and(&[AUDITOR])`.
pub(crate) trait And<'a> {
    fn and(&self, more: Cast<'a>) -> Vec<Entry<'a>>;
}

impl<'a> And<'a> for [Entry<'a>] {
    fn and(&self, more: Cast<'a>) -> Vec<Entry<'a>> {
        [self, more].concat()
    }
}
