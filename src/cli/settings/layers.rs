//! Layers of the settings, the first one wins: flags, environment variables, the settings file (TOML), defaults.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use config::{Config, Environment, File, FileFormat, Source};

use super::declarations::{Flags, ServeFlags, Settings};
use super::validation::{validate, validate_combination};
use crate::clock::TEST_CLOCK;
use crate::random::TEST_SEED;

/// The settings file that is read by default, if it exists.
const FILE: &str = "disposisi.toml";

/// Prefix of the environment variables.
const PREFIX: &str = "DISPOSISI";

impl Settings {
    /// Reads the settings in force. An error names the layer, the key and the fault.
    pub fn read(flags: &Flags, serve: &ServeFlags) -> Result<Self, String> {
        let file = flags.config.clone().or_else(|| Some(PathBuf::from(FILE)).filter(|file| file.exists()));
        // No settings; a release build refuses them.
        let environment = std::env::vars_os().filter(|(name, _)| name != TEST_CLOCK && name != TEST_SEED);
        Self::from_layers(file.as_deref(), environment, flags, serve)
    }

    fn from_layers(
        file: Option<&Path>,
        environment: impl Iterator<Item = (OsString, OsString)>,
        flags: &Flags,
        serve: &ServeFlags,
    ) -> Result<Self, String> {
        let variable = |(key, value): (OsString, OsString)| Some((key.into_string().ok()?, value.into_string().ok()?));
        let environment = Environment::with_prefix(PREFIX)
            .prefix_separator("_")
            .try_parsing(true)
            .list_separator(",")
            .with_list_parse_key("cors_origins")
            .with_list_parse_key("trusted_proxies")
            .source(Some(environment.filter_map(variable).collect()));
        let mut layers: Vec<(String, Box<dyn Source + Send + Sync>)> = Vec::new();
        if let Some(file) = file {
            let source = File::from(file).format(FileFormat::Toml);
            layers.push((file.display().to_string(), Box::new(source)));
        }
        layers.push((format!("the environment ({PREFIX}_<NAME>)"), Box::new(environment)));
        let flagged = |error: config::ConfigError| error.to_string();
        layers.push(("the flags".to_owned(), Box::new(Config::try_from(flags).map_err(flagged)?)));
        layers.push(("the flags".to_owned(), Box::new(Config::try_from(serve).map_err(flagged)?)));
        let mut all = Config::builder();
        for (name, source) in layers {
            // Each layer is validated by itself first, so that an error names the layer.
            let alone = Config::builder().add_source(vec![source.clone_into_box()]).build();
            let settings = alone.and_then(Config::try_deserialize::<Self>).map_err(|error| in_layer(&name, &error))?;
            validate(&settings).map_err(|fault| in_layer(&name, &fault))?;
            all = all.add_source(vec![source]);
        }
        let mut all: Self =
            all.build().and_then(Config::try_deserialize).map_err(|error| in_layer("the settings", &error))?;
        if let Some(url) = &flags.database {
            all.database = url.clone();
            validate(&all).map_err(|fault| in_layer("the flags", &fault))?;
        }
        validate_combination(&all).map_err(|fault| in_layer("the settings", &fault))?;
        Ok(all)
    }
}

/// Names the layer of a fault.
fn in_layer(layer: &str, fault: &impl std::fmt::Display) -> String {
    format!("{layer}: {fault}\n  docs/operations.md lists every setting.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::settings::{LogFormat, database};

    fn read(file: &str, environment: &[(&str, &str)], flags: &Flags, serve: &ServeFlags) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        std::fs::write(&path, file).unwrap();
        let environment = environment.iter().map(|(key, value)| ((*key).into(), (*value).into()));
        Settings::from_layers(Some(&path), environment, flags, serve)
    }

    #[test]
    fn flags_override_the_environment_and_the_environment_overrides_the_file() {
        let file = "token_minutes = 20\nlisten = \"127.0.0.1:1\"\nlog_format = \"json\"\nexplorer = false";
        let environment = [
            ("DISPOSISI_TOKEN_MINUTES", "30"),
            ("DISPOSISI_DATA", "/srv/1"),
            ("DISPOSISI_TRUSTED_PROXIES", "127.0.0.1,::1"),
        ];
        let serve = ServeFlags { token_minutes: Some(40), ..Default::default() };
        let settings = read(file, &environment, &Flags::default(), &serve).unwrap();
        let expected = Settings {
            token_minutes: 40,
            listen: "127.0.0.1:1".parse().unwrap(),
            log_format: LogFormat::Json,
            explorer: false,
            data: "/srv/1".into(),
            trusted_proxies: vec!["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()],
            ..Default::default()
        };
        assert_eq!(settings, expected);
        let settings = read(file, &environment, &Flags::default(), &ServeFlags::default()).unwrap();
        assert_eq!(settings.token_minutes, 30);
        assert_eq!(read("", &[], &Flags::default(), &ServeFlags::default()), Ok(Settings::default()));
    }

    #[test]
    fn settings_that_require_each_other_may_come_from_different_layers() {
        let environment = [("DISPOSISI_OIDC_AUDIENCE", "api")];
        let file = "oidc_issuer = \"https://login.example\"";
        let settings = read(file, &environment, &Flags::default(), &ServeFlags::default()).unwrap();
        assert_eq!((settings.oidc_issuer.as_str(), settings.oidc_audience.as_str()), ("https://login.example", "api"));
    }

    #[test]
    fn a_database_url_is_accepted_in_every_layer_and_never_printed() {
        let url = "postgres://disposisi:hunter2@db.example/disposisi";
        let flags = Flags { database: Some(url.to_owned().into()), ..Default::default() };
        let environment = [("DISPOSISI_DATABASE", url)];
        for settings in [
            read(&format!("database = \"{url}\""), &[], &Flags::default(), &ServeFlags::default()),
            read("", &environment, &Flags::default(), &ServeFlags::default()),
            read("database = \"postgres://other/\"", &[], &flags, &ServeFlags::default()),
        ] {
            let settings = settings.unwrap();
            assert_eq!(settings.database, url.to_owned().into());
            let place = database::place(&settings).unwrap();
            let printed = [format!("{settings:?} {place:?} {flags:?}"), serde_json::to_string(&settings).unwrap()];
            assert!(printed.iter().all(|text| !text.contains("hunter2")), "{printed:?}");
        }
    }

    #[test]
    fn an_unknown_key_or_bad_value_is_reported_with_its_layer() {
        for (file, environment, says) in [
            ("lisen = \"127.0.0.1:1\"", None, vec!["settings.toml", "lisen"]),
            ("listen = \"nowhere\"", None, vec!["settings.toml", "listen", "socket address"]),
            ("trusted_proxies = [\"x\"]", None, vec!["settings.toml", "IP address"]),
            ("token_minutes = 0", None, vec!["settings.toml", "token_minutes", "1 to 1440"]),
            ("refresh_days = 0", None, vec!["settings.toml", "refresh_days", "1 to 365"]),
            ("token_audience = \" \"", None, vec!["settings.toml", "token_audience", "every instance"]),
            ("oidc_issuer = \"https://login.example\"", None, vec!["oidc_issuer", "`oidc_audience` is not"]),
            ("oidc_audience = \"disposisi\"", None, vec!["oidc_audience", "`oidc_issuer` is not"]),
            (
                "documents_only = true\nregistered_documents = 9",
                None,
                vec!["`documents_only`", "`registered_documents`"],
            ),
            ("oidc_claim = \" \"", None, vec!["settings.toml", "`oidc_claim`"]),
            ("oidc_issuer = \"http://login.example\"", None, vec!["settings.toml", "`oidc_issuer`", "https://"]),
            ("oidc_issuer = \"login.example\"", None, vec!["settings.toml", "`oidc_issuer`", "https://"]),
            ("oidc_issuer = \"https://login.example?a=b\"", None, vec!["settings.toml", "`oidc_issuer`", "query"]),
            ("oidc_issuer = \"https://a@login.example\"", None, vec!["settings.toml", "`oidc_issuer`", "host"]),
            ("cors_origins = [\"https://app.example/\"]", None, vec!["settings.toml", "`cors_origins`", "example/"]),
            ("token_minutes = \"soon\"", None, vec!["settings.toml", "token_minutes"]),
            ("token_minutes = ", None, vec!["settings.toml", "TOML"]),
            ("log = \"a=b=c\"", None, vec!["settings.toml", "`log`"]),
            ("database = \"mysql://u:hunter2@h/d\"", None, vec!["settings.toml", "`database`", "postgres://"]),
            ("database = \"postgres://u:hunter2#@h/d\"", None, vec!["settings.toml", "`database`", "%XX"]),
            ("database = \"postgres://u:a?hunter2@h/d\"", None, vec!["settings.toml", "`database`", "parameter"]),
            ("database_connections = 0", None, vec!["settings.toml", "`database_connections`"]),
            ("database_tls = \"always\"", None, vec!["settings.toml", "`database_tls`", "always"]),
            ("", Some(("DISPOSISI_DATABASE", "postgres://u:hunter2@h:x/d")), vec!["environment", "`database`"]),
            ("", Some(("DISPOSISI_BODY_LIMITS", "1")), vec!["environment", "body_limits"]),
            ("", Some(("DISPOSISI_BODY_LIMIT", "much")), vec!["environment", "body_limit"]),
            ("", Some(("DISPOSISI_LOG_FORMAT", "xml")), vec!["environment", "xml"]),
        ] {
            let environment: Vec<_> = environment.into_iter().collect();
            let error = read(file, &environment, &Flags::default(), &ServeFlags::default()).unwrap_err();
            for word in says {
                assert!(error.contains(word), "`{word}` in: {error}");
            }
            assert!(!error.contains("hunter2"), "a password is printed: {error}");
        }
    }
}
