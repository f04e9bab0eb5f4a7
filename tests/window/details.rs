//! 更多证书信息, 检查证书, 导出证书 and the clipboard.

use crate::bench::{Bench, spec};
use crate::screen::{Plan, Screen};
use certificate::Certificate;
use eframe::egui::Key;
use virtual_key::{Spec, State, VirtualKey};

const MORE: &str = "更多证书信息";

#[test]
fn both_certificates_show_every_field() {
    let bench = Bench::empty();
    let spec =
        Spec { device_serial: Some("DEVICE01".to_owned()), ..spec("北京演示科技有限公司", "10200000016873") };
    let state = bench.make(&spec);
    let container = &state.applications[0].containers[0];
    let (sign, encrypt) = (container.sign.certificate.clone(), container.encrypt.certificate.clone());
    bench.insert_key(VirtualKey::new(state));
    let mut screen = Screen::of(&bench);
    screen.click(MORE);
    for (tab, der, usage) in
        [("签名证书", sign, "数字签名、抗抵赖"), ("加密证书", encrypt, "密钥加密、数据加密、密钥协商")]
    {
        let certificate = Certificate::parse(&der.unwrap()).unwrap();
        screen.click(tab);
        assert_eq!(screen.field("证书所有者"), "北京演示科技有限公司");
        assert_eq!(screen.field("唯一实体标识"), "JJDEMO0000X");
        assert_eq!(screen.field("组织机构号"), "DEMO0000X");
        assert_eq!(screen.field("统一社会信用代码"), "—", "absent, not guessed");
        assert_eq!(screen.field("USB-Key 序列号"), "DEVICE01");
        assert_eq!(screen.field("证书序列号"), certificate.serial_hex());
        assert_eq!(screen.field("证书主题"), certificate.subject.to_string());
        assert!(screen.field("证书主题").contains("北京演示科技有限公司"));
        assert_eq!(screen.field("密钥用途"), usage);
        assert_eq!(screen.field("SM3 指纹"), certificate.fingerprint_hex());
        assert_eq!(screen.field("证书链"), "Demo SM2 Operation CA");
        assert!(screen.field("算法").starts_with("SM2 · "), "{}", screen.field("算法"));
    }
    screen.click("收起证书信息");
    screen.hides(&["SM3 指纹"]);
}

#[test]
fn the_check_finds_chain_dates_usage_and_key_in_order() {
    let (bench, _) = Bench::with(State::Valid);
    let mut screen = Screen::of(&bench);
    screen.click(MORE);
    for tab in ["签名证书", "加密证书"] {
        screen.click(tab);
        screen.click("检查证书");
        screen.wait_for("UKey 中的密钥与证书一致。");
        let chain = screen.text();
        assert!(chain.contains("正常：北京演示科技有限公司 ← Demo SM2 Operation CA ← Demo SM2 Root CA"), "{chain}");
        screen.shows(&["正常：可以用于", "在有效期内，还有"]);
        screen.shows(&["未检查：证书没有写明吊销列表的地址。"]);
        screen.hides(&["有问题"]);
    }
}

#[test]
fn the_check_names_a_certificate_that_belongs_to_another_key() {
    let (bench, _) = Bench::with(State::Mismatch);
    let mut screen = Screen::of(&bench);
    screen.click(MORE);
    screen.click("检查证书");
    screen.wait_for("有问题：UKey 中的密钥与证书不一致");
}

#[test]
fn the_check_names_files_of_the_folder_of_roots_it_does_not_use() {
    let (bench, _) = Bench::with(State::Valid);
    let roots = tempfile::tempdir().unwrap();
    std::fs::write(roots.path().join("other.pem"), "notes").unwrap();
    let mut screen = Screen::read(Plan::new(&bench).roots(roots.path()), &bench);
    screen.click(MORE);
    screen.click("检查证书");
    screen.wait_for("UKey 中的密钥与证书一致。");
    screen.shows(&["other.pem：不是证书"]);
    screen.hides(&["有问题"]);
}

#[test]
fn the_check_of_a_key_held_by_another_program_judges_what_needs_no_key() {
    let (bench, card) = Bench::with(State::Valid);
    let mut screen = Screen::of(&bench);
    screen.click(MORE);
    card.hold();
    screen.click("检查证书");
    screen.wait_for("没有读到 UKey 中的公钥。");
    screen.shows(&["← Demo SM2 Root CA"]);
}

#[test]
fn exporting_offers_three_formats_and_can_be_cancelled() {
    let (bench, _) = Bench::with(State::Valid);
    let mut screen = Screen::of(&bench);
    screen.click(MORE);
    screen.click("加密证书");
    screen.click("导出证书");
    screen.shows(&["PEM（文本，.pem）", "DER（二进制，.cer）", "P7B（含证书链，.p7b）", "私钥不能离开 UKey"]);
    assert!(screen.is_checked("PEM（文本，.pem）"));
    screen.click("P7B（含证书链，.p7b）");
    assert!(screen.is_checked("P7B（含证书链，.p7b）") && !screen.is_checked("PEM（文本，.pem）"));
    screen.click("取消");
    screen.hides(&["PEM（文本，.pem）"]);
    screen.click("导出证书");
    screen.press(Key::Escape);
    screen.hides(&["PEM（文本，.pem）"]);
}

#[test]
fn the_export_dialog_closes_when_its_key_is_pulled_out() {
    let (bench, card) = Bench::with(State::Valid);
    let mut screen = Screen::of(&bench);
    screen.click(MORE);
    screen.click("导出证书");
    bench.remove(&card);
    screen.wait_for("请插入 UKey");
    screen.hides(&["PEM（文本，.pem）"]);
}

#[test]
fn one_click_copies_the_card_number_and_says_so_for_a_while() {
    let (bench, _) = Bench::with(State::Valid);
    let mut screen = Screen::of(&bench);
    screen.click("复制 密码卡序列号");
    assert_eq!(screen.copied, ["10200000016873"]);
    screen.shows(&["已复制"]);
    screen.let_pass(std::time::Duration::from_secs(5));
    screen.hides(&["已复制"]);
}

#[test]
fn all_details_are_copied_as_lines() {
    let (bench, _) = Bench::with(State::Valid);
    let mut screen = Screen::of(&bench);
    screen.click(MORE);
    screen.click("复制全部");
    let copied = screen.copied.concat();
    for line in ["证书所有者: 北京演示科技有限公司\n", "密码卡序列号: 10200000016873\n", "组织机构号: DEMO0000X\n"]
    {
        assert!(copied.contains(line), "{copied}");
    }
}
