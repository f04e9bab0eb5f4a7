//! A real browser without a screen, driven by WebDriver on 127.0.0.1. It resolves no names, so nothing leaves the machine.

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub struct Browser {
    pub client: Client,
    driver: Child,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts driver and browser; `dark` is the colour scheme the system asks for.
    pub async fn start(dark: bool) -> Self {
        // a group of its own: whatever it starts is ended with it
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("chromedriver is installed (package chromium-driver)");
        let out = BufReader::new(driver.stdout.take().unwrap());
        let mut lines = out.lines().map_while(Result::ok);
        let port = lines.find_map(|line| {
            let port = line.strip_prefix("ChromeDriver was started successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        let port = port.expect("chromedriver names its port");
        // what it says later must not fill the pipe
        std::thread::Builder::new().name("chromedriver".to_owned()).spawn(move || lines.for_each(drop)).unwrap();
        let profile = tempfile::tempdir().unwrap();
        let mut arguments: Vec<String> = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-proxy-server",
            "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
            "--window-size=1280,800",
            "--hide-scrollbars",
            "--lang=zh-CN",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        if dark {
            arguments.push("--blink-settings=preferredColorScheme=0".to_owned());
        }
        let options = serde_json::json!({
            "browserName": "chrome",
            "goog:chromeOptions": { "args": arguments, "prefs": { "intl.accept_languages": "zh-CN,zh" } },
        });
        let capabilities = options.as_object().unwrap().clone();
        let driver = DriverOnly(Some(driver));
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("chromium is installed (package chromium)");
        Self { client, driver: driver.keep(), _profile: profile }
    }

    pub async fn go(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    pub async fn find(&self, css: &str) -> Element {
        match self.client.find(Locator::Css(css)).await {
            Ok(element) => element,
            Err(error) => panic!("{css}: {error} in {}", self.source().await),
        }
    }

    pub async fn is_there(&self, css: &str) -> bool {
        match self.client.find(Locator::Css(css)).await {
            Ok(_) => true,
            Err(CmdError::Standard(error)) if error.error() == "no such element" => false,
            Err(error) => panic!("{css}: {error}"),
        }
    }

    pub async fn text(&self, css: &str) -> String {
        self.find(css).await.text().await.unwrap()
    }

    pub async fn type_into(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Clicks, whatever comes of it.
    pub async fn press(&self, css: &str) {
        self.find(css).await.click().await.unwrap();
    }

    /// Clicks what leads to another page, and waits for that.
    pub async fn click(&self, css: &str) {
        self.leave(self.press(css)).await;
    }

    /// Does something that leads to another page, and waits until that is there.
    pub async fn leave(&self, act: impl Future<Output = ()>) {
        self.run("document.documentElement.dataset.left = 'yes'").await;
        act.await;
        let arrived = "return document.readyState == 'complete' && !document.documentElement.dataset.left";
        let end = Instant::now() + Duration::from_secs(60);
        // between two pages there is nothing to ask
        while self.client.execute(arrived, Vec::new()).await.ok() != Some(serde_json::Value::Bool(true)) {
            assert!(Instant::now() < end, "still on {}", self.source().await);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub async fn path(&self) -> String {
        let url = self.client.current_url().await.unwrap();
        url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
    }

    pub async fn source(&self) -> String {
        self.client.source().await.unwrap()
    }

    pub async fn run(&self, script: &str) -> serde_json::Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// Ends the browser in order.
    pub async fn close(self) {
        self.client.clone().close().await.unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        end(&mut self.driver);
    }
}

/// A driver whose browser is not there yet.
struct DriverOnly(Option<Child>);

impl DriverOnly {
    fn keep(mut self) -> Child {
        self.0.take().unwrap()
    }
}

impl Drop for DriverOnly {
    fn drop(&mut self) {
        if let Some(driver) = &mut self.0 {
            end(driver);
        }
    }
}

fn end(driver: &mut Child) {
    let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", driver.id())]).stderr(Stdio::null()).status();
    let _ = driver.wait();
}
