//! The tables of the signed documents, cell by cell, compared with `procedure { … }`.

use serde_json::{Value, json};

use crate::harness::Server;

const PROCEDURE: &str = "query($office: String!, $key: String!) { procedure(office: $office, key: $key) { number title \
    division section createdOn effectiveOn approvedBy legalBasis qualifications equipment related warnings recordKeeping \
    steps { key number activity printedRequires printedOutput inferred standardTime { printed amount unit } note \
    performers { name } recipients { name } outcomes { key goesTo { key performers { name } } } } } }";

/// A row of a printed table.
struct Row<'a> {
    number: &'a str,
    activity: &'a str,
    /// The heads of the performers' columns, each with its mark.
    marks: Vec<(&'a str, &'a str)>,
    requires: &'a str,
    time: &'a str,
    output: &'a str,
}

/// The rows of the table under the head with this beginning.
fn rows<'a>(text: &'a str, head: &str, performers: usize) -> Vec<Row<'a>> {
    let mut lines = text.lines().skip_while(|line| !line.contains(head));
    let heads: Vec<&str> = lines.next().expect("the table's head").split('\t').collect();
    let row = |line: &'a str| {
        let cells: Vec<&str> = line.split('\t').map(str::trim).collect();
        let marks = heads[2..2 + performers].iter().copied().zip(cells[2..2 + performers].iter().copied());
        Row {
            number: cells[0].trim_end_matches('.'),
            activity: cells[1],
            marks: marks.collect(),
            requires: cells[2 + performers],
            time: cells[3 + performers],
            output: cells[4 + performers],
        }
    };
    lines.take_while(|line| line.contains('\t')).map(row).collect()
}

async fn procedure(server: &Server, office: &str, key: &str) -> Value {
    server.send(None, PROCEDURE, json!({ "office": office, "key": key })).await["data"]["procedure"].clone()
}

/// An empty cell is null.
fn cell(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { json!(text) }
}

/// Every row is a step with the row's cells, and every other step is marked as inferred.
fn hold(procedure: &Value, rows: &[Row<'_>]) {
    let steps = procedure["steps"].as_array().expect("a list");
    let printed: Vec<&Value> = steps.iter().filter(|step| step["inferred"] == false).collect();
    assert_eq!(printed.len(), rows.len());
    for (step, row) in printed.iter().zip(rows) {
        assert_eq!(step["number"], cell(row.number), "{}", row.activity);
        assert_eq!(step["activity"], row.activity);
        assert_eq!(step["printedRequires"], cell(row.requires), "{}", row.activity);
        assert_eq!(step["printedOutput"], cell(row.output), "{}", row.activity);
        assert_eq!(step["standardTime"]["printed"], cell(row.time), "{}", row.activity);
        let unit = match row.time.split_once(' ').expect("an amount and a unit").1.to_lowercase().as_str() {
            "menit" => "WORKING_MINUTE",
            "jam" => "WORKING_HOUR",
            "hari" => "WORKING_DAY",
            other => panic!("{other} is no unit"),
        };
        assert_eq!(step["standardTime"]["unit"], unit);
        assert_eq!(step["standardTime"]["amount"].to_string(), row.time.split_once(' ').expect("an amount").0);
    }
}

/// Singkawang's marks: the marked columns perform or receive, the column of “Tidak” is the target of “no”.
fn hold_marks(procedure: &Value, rows: &[Row<'_>]) {
    let plain = |name: &str| name.to_uppercase().replace(' ', "");
    let names = |roles: &Value| -> Vec<String> {
        roles.as_array().expect("a list").iter().map(|role| plain(role["name"].as_str().expect("a name"))).collect()
    };
    for (step, row) in procedure["steps"].as_array().expect("a list").iter().zip(rows) {
        let marked = |wanted: &dyn Fn(&str) -> bool| -> Vec<String> {
            row.marks.iter().filter(|(_, mark)| wanted(mark)).map(|(head, _)| plain(head)).collect()
        };
        let mut act = [names(&step["performers"]), names(&step["recipients"])].concat();
        act.sort();
        let mut expected = marked(&|mark| mark.contains("[]") || mark.contains("Ya"));
        expected.sort();
        assert_eq!(act, expected, "{}", row.activity);
        let no = step["outcomes"].as_array().expect("a list").iter().find(|outcome| outcome["key"] == "no");
        let back = no.map(|no| names(&no["goesTo"]["performers"])).unwrap_or_default();
        assert_eq!(back, marked(&|mark| mark == "Tidak"), "{}", row.activity);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_served_forms_match_the_printed_ones() {
    let server = Server::with(&[]);
    for (key, text) in [
        ("permohonan-cloud-service", include_str!("../sources/permohonan-cloud-service.txt")),
        ("permohonan-subdomain", include_str!("../sources/permohonan-subdomain.txt")),
    ] {
        let procedure = procedure(&server, "singkawang", key).await;
        let rows = rows(text, "KELENGKAPAN", 6);
        assert_eq!(rows.len(), 8, "{key}");
        hold(&procedure, &rows);
        hold_marks(&procedure, &rows);
        hold_head(
            &procedure,
            text,
            &[("Nomor SOP", "number"), ("JUDUL SOP", "title"), ("Disahkan Oleh", "approvedBy")],
        );
        assert_eq!(procedure["createdOn"], "2023-09-01");
        assert_eq!(procedure["effectiveOn"], Value::Null, "left blank");
    }
    let text = include_str!("../sources/layanan-data-center.txt");
    let procedure = procedure(&server, "denpasar", "layanan-data-center").await;
    let rows = rows(text, "Kelengkapan", 5);
    assert_eq!(rows.len(), 7);
    hold(&procedure, &rows);
    let inferred: Vec<&Value> = procedure["steps"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|step| step["inferred"] == true)
        .map(|step| &step["key"])
        .collect();
    assert_eq!(inferred, ["4"], "the printed numbers jump from 3 to 5");
    let cells = [("Nomor SOP", "number"), ("Nama SOP", "title"), ("BIDANG", "division"), ("SEKSI", "section")];
    hold_head(&procedure, text, &cells);
    hold_head(&procedure, text, &[("Disahkan oleh", "approvedBy")]);
    assert_eq!((&procedure["createdOn"], &procedure["effectiveOn"]), (&json!("2018-01-02"), &json!("2018-01-02")));
}

/// The cells of the head, and every item of its lists.
fn hold_head(procedure: &Value, text: &str, cells: &[(&str, &str)]) {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (label, field) in cells {
        let line = text.lines().map(str::trim_start).find_map(|line| {
            let cells: Vec<&str> = line.split('\t').map(str::trim).collect();
            let at = cells.iter().position(|cell| cell == label)?;
            cells.get(at + 1).map(|cell| cell.trim_start_matches(':').trim().to_owned())
        });
        assert_eq!(procedure[field], plain(&line.unwrap_or_else(|| panic!("{label}"))), "{label}");
    }
    let all = plain(text);
    for list in ["legalBasis", "qualifications", "equipment", "related", "warnings", "recordKeeping"] {
        for item in procedure[list].as_array().expect("a list") {
            assert!(all.contains(item.as_str().expect("text")), "{list}: {item}");
        }
    }
}
