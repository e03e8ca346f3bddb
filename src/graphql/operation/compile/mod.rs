//! Compilation of operations. A text becomes, once, a validated document; an operation of it becomes, once for each way in which its
//! variables shape it, a canonical document with every field collected and merged (GraphQL, September 2025, sections 5 and 6), which
//! the executing library runs. The stages, with their files:
//!
//! 1. `grammar` measures and prepares the text; the compiler library parses it; `size` bounds what its fragments expand to.
//! 2. The library validates the document; `rules` checks what it leaves out. Both report a `fault` by its place (`lines`), perhaps with a
//!    `suggestion`.
//! 3. `variables` are coerced; `choice` finds out how they shape the operation.
//! 4. `merge` collects its fields, `write` makes the canonical document, `cost` weighs it.
//! 5. `introspection` is answered from the published schema.
//!
//! `target` is the published schema, `literal` converts values, `document` holds what was compiled.

mod choice;
mod cost;
pub(in crate::graphql) mod document;
mod fault;
mod grammar;
pub(in crate::graphql) mod introspection;
mod lines;
mod literal;
pub(in crate::graphql) mod merge;
#[cfg(test)]
mod print;
mod rules;
mod size;
mod suggestion;
pub(in crate::graphql) mod target;
mod variables;
pub(in crate::graphql) mod write;

use std::collections::BTreeSet;
use std::hash::Hash;
use std::sync::Arc;

use apollo_compiler::executable::Operation;
use apollo_compiler::parser::Parser;
use apollo_compiler::validation::{DiagnosticList, Valid};
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Request, ServerError, Variables};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use self::document::{CompiledDocument, CompiledOperation, OperationKey};
use self::fault::{DocumentFault, errors};
use self::lines::Lines;
use self::target::{ScalarChecks, TargetSchema};
use super::limits::{Limit, MAX_NESTING, OperationLimits};

/// Compiler of operations against the published schema. Remembers what it compiled, in bounded memory; a text that comes once
/// displaces nothing that comes often.
#[derive(Debug)]
pub struct Compiler {
    target: TargetSchema,
    limits: OperationLimits,
    /// Errors suggest names of the schema.
    suggests: bool,
    documents: Cache<Arc<str>, Arc<CompiledDocument>, ByBytes>,
    operations: Cache<(Arc<str>, OperationKey), Arc<CompiledOperation>, ByBytes>,
}

/// Weights of remembered documents and operations: their bytes.
#[derive(Debug, Clone)]
struct ByBytes;

impl Weighter<Arc<str>, Arc<CompiledDocument>> for ByBytes {
    fn weight(&self, _: &Arc<str>, document: &Arc<CompiledDocument>) -> u64 {
        document.bytes() as u64
    }
}

impl Weighter<(Arc<str>, OperationKey), Arc<CompiledOperation>> for ByBytes {
    fn weight(&self, (text, key): &(Arc<str>, OperationKey), operation: &Arc<CompiledOperation>) -> u64 {
        (text.len() + key.choice().bytes() + operation.bytes()) as u64
    }
}

/// Estimated size of a typical entry, in bytes; sizes the cache's tables.
const TYPICAL_BYTES: usize = 16_000;

/// An operation ready to run.
#[derive(Debug, Clone)]
pub(in crate::graphql) struct RunnableOperation {
    pub(in crate::graphql) document: Arc<CompiledDocument>,
    /// Identity of the operation within its document.
    pub(in crate::graphql) key: OperationKey,
    pub(in crate::graphql) compiled: Arc<CompiledOperation>,
    /// Coerced variables.
    pub(in crate::graphql) variables: Variables,
}

/// A cache of this size in bytes. It takes an entry of nearly half of it: by default, there would be so many parts that larger
/// documents found no room.
fn cache<K: Eq + Hash, V: Clone>(bytes: usize) -> Result<Cache<K, V, ByBytes>, String>
where
    ByBytes: Weighter<K, V>,
{
    let options = OptionsBuilder::new()
        .estimated_items_capacity(bytes / TYPICAL_BYTES)
        .weight_capacity(bytes as u64)
        .shards(2)
        .build()
        .map_err(|error| error.to_string())?;
    Ok(Cache::with_options(options, ByBytes, DefaultHashBuilder::default(), DefaultLifecycle::default()))
}

impl RunnableOperation {
    /// Builds a request of the executing library.
    pub(in crate::graphql) fn request(&self) -> Request {
        self.request_for(self.compiled.canonical())
    }

    /// Builds a request of the executing library for an event of a subscription.
    pub(in crate::graphql) fn event_request(&self) -> Request {
        self.request_for(self.compiled.for_events())
    }

    fn request_for(&self, document: &ExecutableDocument) -> Request {
        let mut request = Request::new("").variables(self.variables.clone());
        request.set_parsed_query(document.clone());
        request
    }

    /// Leaves out the variables that the events of a subscription do not use.
    pub(in crate::graphql) fn for_events(mut self) -> Self {
        let mut used = BTreeSet::new();
        for (_, operation) in self.compiled.for_events().operations.iter() {
            used.extend(operation.node.variable_definitions.iter().map(|variable| &variable.node.name.node));
        }
        self.variables.retain(|name, _| used.contains(name));
        self
    }
}

impl Compiler {
    /// Reads the published schema. `suggests`: errors suggest its names. `memory`: maximum size in bytes of what is remembered.
    ///
    /// # Errors
    ///
    /// The schema is invalid; the error describes it.
    pub(in crate::graphql) fn new(
        sdl: &str,
        scalars: ScalarChecks,
        limits: OperationLimits,
        suggests: bool,
        memory: usize,
    ) -> Result<Self, String> {
        Ok(Self {
            target: TargetSchema::read(&[sdl, introspection::EXTENSION].concat(), scalars)?,
            limits,
            suggests,
            documents: cache(memory / 2)?,
            operations: cache(memory / 2)?,
        })
    }

    /// Returns the schema.
    pub(in crate::graphql) fn target(&self) -> &TargetSchema {
        &self.target
    }

    /// Returns the limits of every operation.
    pub fn limits(&self) -> &OperationLimits {
        &self.limits
    }

    /// Returns the compiled document of a text; a known text is not compiled again.
    pub(in crate::graphql) fn document(&self, text: &str) -> Result<Arc<CompiledDocument>, Vec<ServerError>> {
        // Before the text is hashed.
        Limit::Bytes.check(self.limits.document, text.len()).map_err(|error| vec![error])?;
        if let Some(document) = self.documents.get(text) {
            return Ok(document);
        }
        let document = Arc::new(self.compile(text)?);
        self.documents.insert(document.text().clone(), document.clone());
        Ok(document)
    }

    /// Returns an operation of a document as its variables shape it. `name`: the operation's name.
    pub(in crate::graphql) fn operation(
        &self,
        document: &Arc<CompiledDocument>,
        name: Option<&str>,
        variables: &Variables,
    ) -> Result<RunnableOperation, Vec<ServerError>> {
        let one = |error| vec![error];
        let (number, operation) = document.operation(name).map_err(one)?;
        let variables = document.coerce(&self.target, operation, variables)?;
        let key = document.key(number, &variables).map_err(one)?;
        let compiled = self.merged(document, operation, &key).map_err(one)?;
        Ok(RunnableOperation { document: document.clone(), key, compiled, variables })
    }

    /// Refuses a document with an operation beyond the limit of cost, with everything included and pages of the usual size.
    pub(in crate::graphql) fn check_usual_costs(&self, document: &CompiledDocument) -> Result<(), ServerError> {
        document.executable().operations.iter().try_for_each(|operation| {
            let compiled = document.merge(&self.target, operation, &Default::default(), self.max_work())?;
            Limit::Cost.check(self.limits.complexity, compiled.usual_cost())
        })
    }

    fn merged(
        &self,
        document: &CompiledDocument,
        operation: &Operation,
        key: &OperationKey,
    ) -> Result<Arc<CompiledOperation>, ServerError> {
        let place = (document.text().clone(), key.clone());
        if let Some(compiled) = self.operations.get(&place) {
            return Ok(compiled);
        }
        let compiled = Arc::new(document.merge(&self.target, operation, key.choice(), self.max_work())?);
        self.operations.insert(place, compiled.clone());
        Ok(compiled)
    }

    /// Returns the maximum number of selections and fields in merging an operation.
    fn max_work(&self) -> usize {
        self.limits.fields.saturating_mul(9) / 4
    }

    /// Parses and validates a text.
    fn compile(&self, text: &str) -> Result<CompiledDocument, Vec<ServerError>> {
        let one = |error| vec![error];
        let prepared = grammar::prepare(text);
        self.limits.check_document(prepared.size).map_err(one)?;
        let lines = Lines::of(text);
        let reported = |errors: &DiagnosticList| -> Vec<DocumentFault> {
            errors.iter().filter_map(|found| rules::of_library(&found, &lines)).collect()
        };
        let parsed = Parser::new().recursion_limit(MAX_NESTING).parse_ast(prepared.text.as_str(), "");
        let ast = parsed.map_err(|failed| errors(reported(&failed.errors)))?;
        if grammar::tokens_of(&ast, &prepared.text) != prepared.size.tokens || ast.definitions.is_empty() {
            let message = match ast.definitions.is_empty() {
                true => "The document is empty.",
                false => "The document cannot be read: it has words where the grammar allows none.",
            };
            return Err(errors(vec![DocumentFault {
                rule: "2 Grammar",
                message: message.to_owned(),
                places: Vec::new(),
            }]));
        }
        size::check(&ast, &self.limits, &lines).map_err(one)?;
        let (document, mut faults) = match ast.to_executable(self.target.schema()) {
            Ok(document) => (document, Vec::new()),
            Err(failed) => (failed.partial, reported(&failed.errors)),
        };
        // Parts with such a fault are missing from the document, which may cause others.
        let is_partial = !faults.is_empty();
        let document = match document.validate(self.target.schema()) {
            Ok(document) => document,
            Err(failed) => {
                let found = reported(&failed.errors).into_iter();
                faults.extend(found.filter(|fault| !is_partial || !rules::follows(fault)));
                Valid::assume_valid(failed.partial)
            }
        };
        faults.extend(rules::check(&self.target, &ast, &document, &lines, self.max_work()).map_err(one)?);
        if !faults.is_empty() {
            rules::once_for_a_place(&mut faults);
            if self.suggests {
                suggestion::suggest(&self.target, &mut faults);
            }
            return Err(errors(faults));
        }
        let document = CompiledDocument::new(text, &prepared, document, lines);
        introspection::check_depth(&document).map_err(one)?;
        Ok(document)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SDL: &str = "type Query { office(key: String = \"x\", ids: [ID!]): Office thing: Thing things: [Thing!]! }
        interface Thing { id: ID! } interface Asset implements Thing { id: ID! name: String! }
        type Office implements Thing { id: ID! key: String! thing: Thing }
        type Cloud implements Asset & Thing { id: ID! name: String! quota: Int office: Office }
        type Domain implements Asset & Thing { id: ID! name: String! fqdn: String office: Office }
        type Mutation { act(number: Int!): Office } type Subscription { happened: Office other: Office }";

    fn compiler() -> Compiler {
        Compiler::new(SDL, &[], OperationLimits::default(), true, 1 << 20).unwrap()
    }

    /// The canonical document, or the first error.
    fn canonical(text: &str, variables: serde_json::Value) -> Result<String, ServerError> {
        let compiler = compiler();
        let first = |errors: Vec<ServerError>| errors.into_iter().next().unwrap();
        let document = compiler.document(text).map_err(first)?;
        let operation = compiler.operation(&document, None, &Variables::from_json(variables)).map_err(first)?;
        Ok(print::print(operation.compiled.canonical()))
    }

    #[test]
    fn fields_of_one_key_are_merged_at_every_depth() {
        for (text, expected) in [
            ("{ office { id } ...F } fragment F on Query { office { key id } }", "query { office { id key } }"),
            (
                "mutation { act(number: 1) { id } ... { act(number: 1) { key } } }",
                "mutation { act(number: 1) { id key } }",
            ),
            (
                "{ thing { id ... on Office { key } } }",
                "query { thing { hidden: __typename id ... on Office { key } } }",
            ),
            (
                "{ thing { ... on Asset { name } ... on Cloud { office { id } } ... on Asset { ... on Cloud { office { key } } } } }",
                "query { thing { hidden: __typename ... on Asset { name } ... on Cloud { office { id key } } } }",
            ),
            (
                "{ thing { ... on Cloud { a: name b: id } ... on Domain { b: id a: name } } }",
                "query { thing { hidden: __typename ... on Cloud { a: name b: id } ... on Domain { b: id a: name } } }",
            ),
            ("{ thing { ... on Thing { id } ... on Thing { id } } }", "query { thing { id } }"),
            ("{ __schema { queryType { name } } office { id } }", "query { office { id } }"),
        ] {
            assert_eq!(canonical(text, json!({})).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn excluded_selections_leave_an_empty_object_and_absent_variables_no_argument() {
        let text = "query($s: Boolean! = true, $k: String) { office(key: $k) { key @skip(if: $s) } }";
        for (variables, expected) in [
            (json!({}), "query { office { hidden: __typename } }"),
            (json!({ "k": null }), "query($k: String) { office(key: $k) { hidden: __typename } }"),
            (json!({ "s": false }), "query { office { key } }"),
        ] {
            assert_eq!(canonical(text, variables).as_deref(), Ok(expected));
        }
        let ids = "{ office(ids: 12345678901234567890123) { id } }";
        let expected = "query { office(ids: \"12345678901234567890123\") { id } }";
        assert_eq!(canonical(ids, json!({})).as_deref(), Ok(expected));
    }

    #[test]
    fn texts_are_read_by_the_grammar() {
        for text in [
            "\"A description.\" query Q(\"A key.\" $k: String) { office(key: $k) { id } }",
            "{ o , : office { ... , on Office { id # a comment, with \" in it\n } } }",
            "\u{feff}{ office(key: \"\\u{1F600}\\uD83D\\uDE00\") { id } }",
        ] {
            assert!(canonical(text, json!({})).is_ok(), "{text}");
        }
        for text in [
            "",
            "{ office(on key: \"x\") { id } }",
            "\"\"\" { office { id } }",
            "{ office { id } } fragment on on Query { id }",
        ] {
            assert!(canonical(text, json!({})).is_err(), "{text}");
        }
    }

    #[test]
    fn errors_have_places_and_wide_characters_count_once() {
        let place = |text| {
            let error = canonical(text, json!({})).unwrap_err();
            error.locations.iter().map(|pos| (pos.line, pos.column)).collect::<Vec<_>>()
        };
        assert_eq!(place("# é😀\n{ nothing }"), [(2, 3)]);
        assert_eq!(place("{ office(key: \"é😀\") { nothing } }"), [(1, 23)]);
        assert_eq!(place("subscription { happened { id } other { id } }"), [(1, 32)]);
        assert_eq!(place("{ office(ids: [\"1\"]) { id } office(ids: [\"1\", \"2\"]) { id } }"), [(1, 29)]);
        assert_eq!(place("{ ...f } fragment f on Query { ...f }"), [(1, 32)]);
    }

    #[test]
    fn what_is_remembered_is_weighed_by_its_values() {
        let compiler = compiler();
        let ids = "1 ".repeat(1_900);
        let text = format!("\"Described.\" query Q {{ office(ids: [{ids}]) {{ id }} }}");
        let document = compiler.document(&text).unwrap();
        let operation = compiler.operation(&document, None, &Variables::default()).unwrap();
        assert!(document.bytes() > 1_900 * 150 && operation.compiled.bytes() > 1_900 * 200);
        assert!(document.has_free_text() && !compiler.document("{ office { id } }").unwrap().has_free_text());
        let large = "x".repeat(60_000);
        let document = compiler.document(&format!("{{ office(key: \"{large}\") {{ id }} }}")).unwrap();
        let operation = compiler.operation(&document, None, &Variables::default()).unwrap();
        assert!(document.bytes() > 60_000 && operation.compiled.bytes() > 2 * 60_000);
    }

    #[test]
    fn values_are_read_as_they_are_written_and_never_repeated() {
        let large = "query($i: [ID!] = 12345678901234567890123) { office(ids: $i) { id } }";
        let compiler = compiler();
        let document = compiler.document(large).unwrap();
        let operation = compiler.operation(&document, None, &Variables::default()).unwrap();
        assert_eq!(operation.variables.get("i").unwrap().to_string(), "[\"12345678901234567890123\"]");
        for (text, variables) in [
            ("{ office(key: \"x\" ids \"secret\") { id } }", json!({})),
            ("{ office(key: \"x\") { id } \"secret\"", json!({})),
            ("{ office(key: [\"secret\"]) { id } }", json!({})),
            ("query($k: String) { office(key: $k) { id } }", json!({ "k": ["secret"] })),
        ] {
            let message = canonical(text, variables).unwrap_err().message;
            assert!(!message.contains("secret"), "{message}");
        }
    }

    #[test]
    fn unknown_names_are_suggested() {
        for (text, expected) in [
            ("{ ofice { id } }", "Did you mean \"office\"?"),
            ("{ office(kei: \"x\") { id } }", "Did you mean \"key\"?"),
            ("{ things { nmae } }", "\"Thing\"."),
        ] {
            let message = canonical(text, json!({})).unwrap_err().message;
            assert!(message.ends_with(expected), "{message}");
        }
    }

    #[test]
    fn a_known_text_is_compiled_once_within_the_memory() {
        let compiler = compiler();
        let once = |compiler: &Compiler, text: &str| {
            let document = compiler.document(text).unwrap();
            let operation = compiler.operation(&document, None, &Variables::default()).unwrap();
            (document, operation.compiled)
        };
        let (document, operation) = once(&compiler, "{ office { id } }");
        let (again, same) = once(&compiler, "{ office { id } }");
        assert!(Arc::ptr_eq(&document, &again) && Arc::ptr_eq(&operation, &same));
        for number in 0..2_000 {
            once(&compiler, &format!("{{ a{number}: office {{ id }} }}"));
        }
        assert!(compiler.documents.weight() + compiler.operations.weight() <= 1 << 20);
        let forgetful = Compiler::new(SDL, &[], OperationLimits::default(), true, 0).unwrap();
        let (document, _) = once(&forgetful, "{ office { id } }");
        assert!(!Arc::ptr_eq(&document, &once(&forgetful, "{ office { id } }").0));
    }
}
