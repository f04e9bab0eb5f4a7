//! A person at the console without a browser: cookies, form tokens, and what pages say.

use crate::world::{Answer, World};
use ca_service::audit::Actor;
use ca_service::operators::{Operators, Role};
use std::collections::BTreeMap;

/// Password of everybody who changed the first one.
pub const PASSWORD: &str = "correct horse battery";

pub struct Visitor<'w> {
    world: &'w World,
    pub cookies: BTreeMap<String, String>,
    /// Token of the forms of the last page.
    pub csrf: String,
}

pub fn operators(world: &World) -> Operators {
    Operators::new(world.service().store.clone(), world.service().clock.clone())
}

/// Adds an operator and returns the password to hand over.
pub async fn add(world: &World, name: &str, role: Role) -> String {
    operators(world).add(Actor::SERVICE, name, role).await.unwrap().expose().to_owned()
}

/// Somebody with a password of their own, logged in.
pub async fn staff<'w>(world: &'w World, name: &str, role: Role) -> Visitor<'w> {
    let first = add(world, name, role).await;
    let mut visitor = Visitor::new(world);
    assert_eq!(visitor.log_in(name, &first).await.location(), "/console/overview");
    let answer = visitor.change_password(&first, PASSWORD).await;
    assert_eq!(answer.location(), "/console/overview", "{}", answer.text());
    visitor.get("/console/overview").await;
    visitor
}

impl<'w> Visitor<'w> {
    pub fn new(world: &'w World) -> Self {
        Self { world, cookies: BTreeMap::new(), csrf: String::new() }
    }

    /// The same browser once more, as a second window.
    pub fn again(&self) -> Self {
        Self { world: self.world, cookies: self.cookies.clone(), csrf: self.csrf.clone() }
    }

    fn cookie_line(&self) -> String {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    fn take(&mut self, answer: &Answer) {
        for cookie in answer.headers.get_all("set-cookie") {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        if let Some(csrf) = answer.text().split("name=\"csrf\" value=\"").nth(1) {
            self.csrf = csrf.split('"').next().unwrap().to_owned();
        }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.get_with(path, &[]).await
    }

    pub async fn get_with(&mut self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let line = self.cookie_line();
        let all: Vec<(&str, &str)> = [("cookie", line.as_str())].into_iter().chain(headers.iter().copied()).collect();
        let answer = self.world.get(path, &all).await;
        self.take(&answer);
        answer
    }

    /// Sends a form as a page of the console would.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf.clone();
        let fields: Vec<(&str, &str)> = fields.iter().copied().chain([("csrf", csrf.as_str())]).collect();
        let origin = self.world.base.clone();
        self.post_raw(path, &fields, Some(&origin)).await
    }

    pub async fn post_raw(&mut self, path: &str, fields: &[(&str, &str)], origin: Option<&str>) -> Answer {
        let line = self.cookie_line();
        let mut headers = vec![("cookie", line.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        headers.extend(origin.map(|origin| ("origin", origin)));
        let answer = self.world.post(path, &headers, form(fields)).await;
        self.take(&answer);
        answer
    }

    pub async fn log_in(&mut self, name: &str, password: &str) -> Answer {
        self.get("/console/login").await;
        self.post("/console/login", &[("name", name), ("password", password)]).await
    }

    pub async fn change_password(&mut self, present: &str, new: &str) -> Answer {
        self.get("/console/password").await;
        self.post("/console/password", &[("present", present), ("new", new), ("again", new)]).await
    }
}

pub fn form(fields: &[(&str, &str)]) -> String {
    let encoded = |text: &str| -> String {
        text.bytes()
            .map(
                |byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") },
            )
            .collect()
    };
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    pairs.join("&")
}

/// What a page says.
pub trait Said {
    fn text(&self) -> String;
    fn location(&self) -> &str;
    /// The page is there.
    fn page(&self) -> String;
    /// What the page says once, with its class.
    fn notice(&self) -> String;
}

impl Said for Answer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    fn location(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.text());
        self.header("location")
    }

    #[track_caller]
    fn page(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.text());
        self.text()
    }

    #[track_caller]
    fn notice(&self) -> String {
        let text = self.text();
        let Some(notice) = text.split("id=\"notice\"><span>").nth(1) else { panic!("no notice in {text}") };
        notice.split("</span>").next().unwrap().to_owned()
    }
}
