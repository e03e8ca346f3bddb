//! API key access: the scope required for each field of the schema. The scopes that a document requires are collected once; API keys
//! are checked before execution. Fields missing from the table are denied.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::{Selection, SelectionSet};
use async_graphql::ServerError;

use crate::access::{KeyScope, Login, Pass};
use crate::graphql::error_code::ErrorCode;

/// Scope required for a field. None: API keys have no access, only signed-in persons.
type RequiredScope = Option<KeyScope>;

const STATUS: RequiredScope = Some(KeyScope::ReadStatus);
const READ: RequiredScope = Some(KeyScope::Read);
const ACT: RequiredScope = Some(KeyScope::Act);
const NOTHING: RequiredScope = None;

/// Required scope by type and field.
const TABLE: &[(&str, RequiredScope, &str)] = &[
    // Requests and their status; SOPs, which are public.
    ("Query", STATUS, "viewer node nodes offices office procedure request requests"),
    ("Viewer", STATUS, "user eventCursor"),
    ("User", STATUS, "id name"),
    ("Node", STATUS, "id"),
    ("Agency", STATUS, "id key name office deactivatedAt"),
    ("Office", STATUS, "id key name city timeZone procedures"),
    (
        "Procedure",
        STATUS,
        "id key version inForce office number title division section createdOn revisedOn effectiveOn approvedBy legalBasis \
         qualifications equipment related warnings recordKeeping steps detailsSchema",
    ),
    (
        "Step",
        STATUS,
        "key position number activity performers recipients signers requires brings produces printedRequires printedOutput \
         standardTime note inferred outcomes",
    ),
    (
        "Outcome",
        STATUS,
        "key label goesTo ends inferred requires brings produces note disposition documents asset secret recipient assetSchema",
    ),
    ("DocumentRequirement", STATUS, "kind requirement"),
    ("RecordKind", STATUS, "key name origin"),
    ("Role", STATUS, "key name"),
    ("StandardTime", STATUS, "amount unit printed"),
    (
        "Request",
        STATUS,
        "id number procedure agency status currentVisit dueAt version submittedAt updatedAt finishedAt eventCursor",
    ),
    ("StepVisit", STATUS, "step visit arrivedAt dueAt"),
    ("RequestConnection", STATUS, "edges nodes pageInfo totalCount"),
    ("RequestEdge", STATUS, "cursor node"),
    ("PageInfo", STATUS, "hasNextPage hasPreviousPage startCursor endCursor"),
    ("Subscription", STATUS, "requestEvents"),
    ("RequestEvent", STATUS, "id cursor sequence kind at version request"),
    // An id already known to the holder reveals nothing.
    ("RoleGrant", STATUS, "id"),
    ("Disposition", STATUS, "id"),
    ("Document", STATUS, "id"),
    ("Asset", STATUS, "id"),
    ("CloudAccount", STATUS, "id"),
    ("Subdomain", STATUS, "id"),
    ("ServerPlacement", STATUS, "id"),
    ("GenericAsset", STATUS, "id"),
    ("OfficeEvent", STATUS, "id"),
    // Everything else readable by the key's owner.
    ("Query", READ, "dispositions assets"),
    ("Viewer", READ, "grants inbox"),
    ("User", READ, "username nip agency"),
    ("Office", READ, "agencies events"),
    ("OfficeEvent", READ, "cursor sequence kind at office actor user grant agency policy"),
    ("OfficeEventConnection", READ, "edges nodes pageInfo"),
    ("OfficeEventEdge", READ, "cursor node"),
    ("RoleGrant", READ, "role office agency capacity onBehalfOf decreeNumber validFrom validUntil"),
    (
        "Request",
        READ,
        "submittedBy submissions letter contact details reason visits dispositions documents assets events availableActions \
         closedActions",
    ),
    ("StepVisit", READ, "completedAt performedBy outcome note"),
    ("Action", READ, "kind step outcomes document asset recipients actingAs"),
    ("ClosedAction", READ, "kind step reasons message awaited needs"),
    ("Awaited", READ, "step roles people"),
    ("ActionNeeds", READ, "records signatures"),
    ("NeededSignature", READ, "document roles"),
    ("Actor", READ, "user role capacity onBehalfOf"),
    ("Asset", READ, ASSET),
    ("CloudAccount", READ, ASSET),
    ("CloudAccount", READ, "username quotaGib serviceAddress"),
    ("Subdomain", READ, ASSET),
    ("Subdomain", READ, "fqdn recordType target"),
    ("ServerPlacement", READ, ASSET),
    ("ServerPlacement", READ, "placementKind rack unitFrom unitTo determinationNumber"),
    ("GenericAsset", READ, ASSET),
    ("AssetConnection", READ, "edges nodes pageInfo totalCount"),
    ("AssetEdge", READ, "cursor node"),
    ("Contact", READ, "name nip position phone email"),
    ("Credential", READ, "state recipient revealedAt"),
    ("Disposition", READ, "request step from toRole instruction urgency createdAt reads"),
    ("DispositionConnection", READ, "edges nodes pageInfo totalCount"),
    ("DispositionEdge", READ, "cursor node"),
    ("DispositionRead", READ, "by at"),
    ("Document", READ, "request kind title number date step visit current addedBy addedAt signatures"),
    ("InboxConnection", READ, "edges nodes pageInfo totalCount"),
    ("InboxEdge", READ, "cursor node actions waitingSince dueAt"),
    ("Letter", READ, "number date subject srikandiReference confidentiality"),
    ("RequestEvent", READ, "actor step outcome disposition document asset"),
    ("RequestEventConnection", READ, "edges nodes pageInfo"),
    ("RequestEventEdge", READ, "cursor node"),
    ("Signature", READ, "by at decision note digest"),
    ("Submission", READ, "sequence at by letter contact details"),
    ("Subscription", READ, "inboxChanges"),
    ("InboxChange", READ, "requestId request waiting waitingCount"),
    // Acts on requests and assets.
    (
        "Mutation",
        ACT,
        "submitRequest resubmitRequest executeStep signDocument withdrawRequest readDisposition reissueCredential revokeAsset",
    ),
    ("SubmitRequestPayload", ACT, "request preview userErrors"),
    ("ResubmitRequestPayload", ACT, "request preview userErrors"),
    ("ExecuteStepPayload", ACT, "request preview userErrors"),
    ("SignDocumentPayload", ACT, "document preview userErrors"),
    ("WithdrawRequestPayload", ACT, "request preview userErrors"),
    ("ReadDispositionPayload", ACT, "disposition userErrors"),
    ("ReissueCredentialPayload", ACT, "asset preview userErrors"),
    ("RevokeAssetPayload", ACT, "asset preview userErrors"),
    ("ActPreview", STATUS, "status version"),
    ("ActPreview", READ, "awaited documents dispositionTo asset"),
    ("AssetPreview", READ, "kind name status"),
    ("UserError", ACT, "code message path"),
    // Account and sign-in management, and personal data.
    // Administration of an office's people needs a signed-in person.
    ("Mutation", NOTHING, "createUser deactivateUser createAgency deactivateAgency grantRole revokeGrant"),
    ("UserPayload", NOTHING, "user userErrors"),
    ("AgencyPayload", NOTHING, "agency userErrors"),
    ("GrantPayload", NOTHING, "grant userErrors"),
    ("Query", NOTHING, "explainPolicy"),
    ("PolicyExplanation", NOTHING, "allowed obstacles step seenBy grants"),
    ("GrantExplanation", NOTHING, "grant verdict line condition"),
    ("PolicyLine", NOTHING, "file line text"),
    ("Office", NOTHING, "people"),
    ("OfficePerson", NOTHING, "user active grants"),
    (
        "Mutation",
        NOTHING,
        "signIn refreshSession signOut changePassword chooseLanguage beginTotp confirmTotp disableTotp",
    ),
    ("Mutation", NOTHING, "createApiKey revokeApiKey revealCredential"),
    ("SignInPayload", NOTHING, "accessToken expiresAt refreshToken refreshExpiresAt viewer userErrors"),
    ("RefreshSessionPayload", NOTHING, "accessToken expiresAt refreshToken refreshExpiresAt viewer userErrors"),
    ("SignOutPayload", NOTHING, "userErrors"),
    ("ChangePasswordPayload", NOTHING, "userErrors"),
    ("ChooseLanguagePayload", NOTHING, "userErrors"),
    ("BeginTotpPayload", NOTHING, "secret uri userErrors"),
    ("ConfirmTotpPayload", NOTHING, "recoveryCodes userErrors"),
    ("DisableTotpPayload", NOTHING, "userErrors"),
    ("CreateApiKeyPayload", NOTHING, "key apiKey userErrors"),
    ("RevokeApiKeyPayload", NOTHING, "apiKey userErrors"),
    ("RevealCredentialPayload", NOTHING, "username secret asset preview userErrors"),
    ("Viewer", NOTHING, "sessions apiKeys totpEnabled language"),
    ("Session", NOTHING, "beganAt lastUsedAt current"),
    ("ApiKey", NOTHING, "id name scopes createdAt expiresAt lastUsedAt revokedAt"),
];

/// Fields common to all asset types, without `id`.
const ASSET: &str = "kind office request agency name status attributes createdAt verifiedAt deliveredAt revokedAt \
    revocationReason credential";

/// Required scopes indexed by type and field.
static SCOPES: LazyLock<HashMap<&str, HashMap<&str, RequiredScope>>> = LazyLock::new(|| {
    let mut decided: HashMap<&str, HashMap<&str, RequiredScope>> = HashMap::new();
    for (of, scope, fields) in TABLE {
        decided.entry(of).or_default().extend(fields.split_whitespace().map(|field| (field, *scope)));
    }
    decided
});

/// Scopes that a document requires of an API key, each with the first field that requires it, in the document's order.
#[derive(Debug, Clone, Default)]
pub(in crate::graphql) struct RequiredScopes(Vec<(RequiredScope, String)>);

impl RequiredScopes {
    /// Collects the scopes of all operations of a document, independent of `operationName`.
    pub(in crate::graphql) fn of(document: &ExecutableDocument) -> Self {
        let mut scopes = Self::default();
        let mut spread = HashSet::new();
        for operation in document.operations.iter() {
            scopes.collect(document, &operation.selection_set, &mut spread);
        }
        scopes
    }

    /// `spread`: fragments already collected.
    fn collect<'a>(&mut self, document: &'a ExecutableDocument, set: &'a SelectionSet, spread: &mut HashSet<&'a str>) {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => {
                    self.add(set.ty.as_str(), field.name.as_str());
                    self.collect(document, &field.selection_set, spread);
                }
                Selection::InlineFragment(inline) => self.collect(document, &inline.selection_set, spread),
                Selection::FragmentSpread(fragment) => {
                    let name = &fragment.fragment_name;
                    if let Some(fragment) = document.fragments.get(name).filter(|_| spread.insert(name.as_str())) {
                        self.collect(document, &fragment.selection_set, spread);
                    }
                }
            }
        }
    }

    fn add(&mut self, of: &str, name: &str) {
        // Introspection: the schema is public.
        if matches!(name, "__typename" | "__schema" | "__type") || of.starts_with("__") {
            return;
        }
        let required = SCOPES.get(of).and_then(|fields| fields.get(name)).copied().flatten();
        if self.0.iter().all(|(known, _)| *known != required) {
            self.0.push((required, format!("{of}.{name}")));
        }
    }

    /// Refuses API keys without these scopes. Signed-in persons need none.
    pub(in crate::graphql) fn check(&self, pass: Option<Pass>) -> Result<(), ServerError> {
        let Some(Pass { login: Login::Key(_, scopes), .. }) = pass else { return Ok(()) };
        self.0.iter().try_for_each(|(required, field)| match required {
            None => Err(refused(format!("`{field}` is open to no API key: sign in as a person."), None)),
            Some(scope) if !scopes.allow(*scope) => {
                let message = format!("`{field}` is not open to this API key: the scope {} opens it.", scope.word());
                Err(refused(message, Some(*scope)))
            }
            Some(_) => Ok(()),
        })
    }
}

fn refused(message: String, scope: RequiredScope) -> ServerError {
    let mut error = ErrorCode::Forbidden.operation_error(message);
    if let Some(scope) = scope {
        error.extensions.get_or_insert_default().set("scope", scope.word());
    }
    error
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use uuid::Uuid;

    use super::*;
    use crate::access::KeyScopes;
    use crate::graphql::api_schema::target_schema;

    /// All fields of the schema as (type, field).
    fn schema() -> BTreeSet<(String, String)> {
        target_schema().fields().map(|(of, field)| (of.to_string(), field.to_string())).collect()
    }

    #[test]
    fn every_field_of_the_schema_has_exactly_one_scope() {
        let mut decided = BTreeSet::new();
        for (of, _, fields) in TABLE {
            for field in fields.split_whitespace() {
                assert!(decided.insert(((*of).to_owned(), field.to_owned())), "{of}.{field} is decided on twice");
            }
        }
        let schema = schema();
        let undecided: Vec<_> = schema.difference(&decided).collect();
        assert!(undecided.is_empty(), "say what opens these to API keys: {undecided:?}");
        let gone: Vec<_> = decided.difference(&schema).collect();
        assert!(gone.is_empty(), "these are not in the schema: {gone:?}");
    }

    #[test]
    fn interfaces_require_the_scopes_of_their_types() {
        let types = ["CloudAccount", "Subdomain", "ServerPlacement", "GenericAsset"];
        for (field, scope) in &SCOPES["Asset"] {
            assert!(types.iter().all(|of| SCOPES[of][field] == *scope), "{field}");
        }
        let nodes = SCOPES.iter().filter(|(of, fields)| fields.contains_key("id") && **of != "ApiKey");
        nodes.for_each(|(of, fields)| assert_eq!(fields["id"], SCOPES["Node"]["id"], "{of}"));
    }

    #[test]
    fn aliases_and_fragments_do_not_bypass_scopes() {
        let schema = target_schema();
        let asks = |query: &str, scopes: &[KeyScope]| {
            let login = Login::Key(Uuid::nil(), scopes.iter().copied().collect::<KeyScopes>());
            let document = ExecutableDocument::parse(schema.schema(), query, "").unwrap();
            RequiredScopes::of(&document).check(Some(Pass::new(Uuid::nil(), login))).map_err(|error| error.message)
        };
        use KeyScope::{Act, Read, ReadStatus};
        for query in [
            "{ request(number: \"1\") { id status currentVisit { step { key activity } dueAt } } __typename }",
            "{ requests { nodes { ...f } } } fragment f on Request { id number ... on Node { id } }",
            "{ node(id: \"1\") { __typename id ... on Request { status } } __schema { types { name fields { name } } } }",
            "subscription { requestEvents { id cursor kind request { status } } }",
        ] {
            assert_eq!(asks(query, &[ReadStatus]), Ok(()), "{query}");
            assert_eq!(asks(query, &[Read]), Ok(()), "{query}");
            if !query.starts_with("{ node") {
                assert!(asks(query, &[Act]).is_err() && asks(query, &[]).is_err(), "{query}");
            }
        }
        for query in [
            "{ request(number: \"1\") { letter { subject } } }",
            "{ request(number: \"1\") { status: reason } }",
            "{ a: request(number: \"1\") { ...f } } fragment f on Request { ...g } fragment g on Request { contact { name } }",
            "{ node(id: \"1\") { ... on Request { details } } }",
            "{ node(id: \"1\") { ... on Document { title } } }",
            "{ node(id: \"1\") { ... on Asset { name } } }",
            "{ nodes(ids: []) { ... { ... on CloudAccount { attributes } } } }",
            "{ nodes(ids: []) { ... on Node { ... on Request { visits { note } } } } }",
            "{ request(number: \"1\") { currentVisit { note } } }",
            "{ request(number: \"1\") @skip(if: true) { letter { subject } } }",
            "query a { __typename } query b { assets { totalCount } }",
            "{ viewer { inbox { totalCount } } }",
            "subscription { requestEvents { actor { user { name } } } }",
            "subscription { inboxChanges { waitingCount } }",
        ] {
            assert!(asks(query, &[ReadStatus, Act]).is_err_and(|why| why.contains("scope READ opens")), "{query}");
            assert_eq!(asks(query, &[Read]), Ok(()), "{query}");
        }
        for query in [
            "mutation { signOut { userErrors { code } } }",
            "mutation { x: revealCredential(input: {}) { secret } }",
            "mutation { ... on Mutation { createApiKey(input: {}) { key } } }",
            "{ viewer { apiKeys { name } } }",
            "{ viewer { ... on Viewer { sessions { current } } } }",
        ] {
            assert!(asks(query, &[ReadStatus, Read, Act]).is_err_and(|why| why.contains("no API key")), "{query}");
        }
        let act = "mutation { executeStep(input: {}) { request { status } userErrors { code } } }";
        assert!(asks(act, &[Act]).is_err() && asks(act, &[Read]).is_err());
        assert_eq!(asks(act, &[Act, ReadStatus]), Ok(()), "scopes add up");
        let tried = |preview: &str| {
            format!("mutation {{ revokeAsset(input: {{}}) {{ preview {{ {preview} }} userErrors {{ code }} }} }}")
        };
        assert!(asks(&tried("version"), &[Act]).is_err(), "what is tried tells no more than what is done");
        assert_eq!(asks(&tried("version"), &[Act, ReadStatus]), Ok(()));
        assert!(asks(&tried("asset { name }"), &[Act, ReadStatus]).is_err());
        assert_eq!(asks(&tried("asset { name }"), &[Act, Read]), Ok(()));
    }
}
