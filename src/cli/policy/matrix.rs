//! `disposisi policy matrix`.

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{ContentArrangement, Table};

use crate::access::Action;
use crate::cli::output::{CommandResult, print_line};
use crate::cli::{Settings, definitions, startup};
use crate::policy::{Line, Object, Policy};
use crate::procedure::{Office, Procedure};

/// Print role × step for a procedure, in the layout of the SOP
///
/// From the policy files, for comparison with the signed document; with --active from the active policy in the
/// database. E ends the step, S signs its document, R receives its result.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  disposisi policy matrix --office singkawang --procedure permohonan-subdomain")]
pub(in crate::cli) struct MatrixCommand {
    /// Office.
    #[arg(long)]
    office: String,
    /// Key of the procedure.
    #[arg(long)]
    procedure: String,
    /// Use the active policy in the database instead of the files.
    #[arg(long)]
    active: bool,
}

/// Maximum width of the table, in characters.
const WIDTH: u16 = 110;

/// Actions at a step, with their marks.
const MARKS: [(Action, &str); 3] = [(Action::Execute, "E"), (Action::Sign, "S"), (Action::Receive, "R")];

impl MatrixCommand {
    pub(in crate::cli) async fn run(self, settings: &Settings) -> CommandResult {
        let stored = startup::stored_procedures(settings).await?;
        let files = definitions::read(settings, stored.as_ref()).await;
        files.validate()?;
        let office = files.shelf.office(&self.office).ok_or_else(|| {
            let known: Vec<&str> = files.shelf.offices.iter().map(|office| office.key.as_str()).collect();
            format!("--office: there is no office `{}`; mend: use one of {}", self.office, known.join(", "))
        })?;
        let of_office = || files.shelf.procedures.iter().map(|located| &located.procedure);
        let of_office = || of_office().filter(|procedure| procedure.office == office.key);
        let procedure = of_office().find(|procedure| procedure.key == self.procedure).ok_or_else(|| {
            let known: Vec<&str> = of_office().map(|procedure| procedure.key.as_str()).collect();
            format!("--procedure: {} has no `{}`; mend: use one of {}", office.key, self.procedure, known.join(", "))
        })?;
        if self.active {
            let service = startup::service_to_read(settings).await?;
            print_line(&format_matrix(office, procedure, &service.policy()));
        } else {
            print_line(&format_matrix(office, procedure, &files.policy));
        }
        Ok(())
    }
}

/// Prints a row for each step, a column for each role with a part in it, and the actions on the whole request.
fn format_matrix(office: &Office, procedure: &Procedure, policy: &Policy) -> String {
    let steps = || procedure.steps.iter().map(|step| Object::Step(&procedure.key, &step.key));
    let marked = |role: &str, object| {
        let line = |(action, mark)| policy.line(role, &office.key, object, action).map(|line| (line, mark));
        MARKS
            .into_iter()
            .filter_map(line)
            .map(|(line, mark)| format!("{mark}{}", format_conditions(line)))
            .collect::<Vec<_>>()
    };
    // In the order of their first step, as in the columns of SOPs.
    let first_part = |role: &String| steps().position(|object| !marked(role, object).is_empty());
    let mut roles: Vec<(usize, &String)> =
        office.roles.keys().filter_map(|role| Some((first_part(role)?, role))).collect();
    roles.sort_unstable();
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    let names = roles.iter().map(|(_, role)| office.roles[role.as_str()].name.to_uppercase());
    table.set_header(["NO".to_owned(), "AKTIVITAS".to_owned()].into_iter().chain(names));
    for (step, object) in procedure.steps.iter().zip(steps()) {
        let number = step.number.as_ref().unwrap_or(&step.key).clone();
        let cells = roles.iter().map(|(_, role)| marked(role, object).join(" "));
        table.add_row([number, step.activity.clone()].into_iter().chain(cells));
    }
    let whole = policy
        .lines()
        .iter()
        .filter(|line| line.office == office.key && line.object() == Object::Procedure(&procedure.key));
    let whole = whole.map(|line| format!("{} {}{}", line.role, line.action, format_conditions(line)));
    let mut text = vec![format!("{} ({}), version {}", procedure.title, procedure.number, procedure.version)];
    text.extend(table.lines().map(|line| line.trim_end().to_owned()));
    text.push(format!("As a whole: {}", whole.collect::<Vec<_>>().join(", ")));
    text.push("E ends the step, S signs its document, R receives what it hands over.".to_owned());
    text.join("\n")
}

/// Conditions of a line in brackets, if there are any.
fn format_conditions(line: &Line) -> String {
    let conditions: Vec<String> = line.conditions.iter().map(ToString::to_string).collect();
    if conditions.is_empty() { String::new() } else { format!("[{}]", conditions.join("&")) }
}
