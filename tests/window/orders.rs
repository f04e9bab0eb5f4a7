//! 订单: the list, what can be done with each, and asking for their state.

use crate::bench::Bench;
use crate::screen::Screen;
use crate::stages::{NO, OWNER, SERIAL, bench, fault, line};
use cert_assistant::app::{Command, Event, LineState, OrderLine, RenewalAsk};
use order_api::OrderKind;

/// The list with one order of the inserted key in a state.
fn with(change: impl FnOnce(&mut OrderLine)) -> (std::sync::Arc<Bench>, Screen) {
    let (bench, _) = bench();
    let mut screen = Screen::of(&bench);
    let mut order = line(&screen, 1, LineState::Reviewing);
    change(&mut order);
    screen.happens(Event::Orders(vec![order]));
    screen.click("订单");
    (bench, screen)
}

#[test]
fn without_orders_the_page_says_what_will_be_there() {
    let (bench, _) = bench();
    let mut screen = Screen::of(&bench);
    screen.click("订单");
    screen.shows(&["还没有订单", "可以随时查看进度并继续"]);
    assert_eq!(screen.buttons(), ["查看我的 UKey"]);
    screen.click("查看我的 UKey");
    screen.shows(&["还有 20 天"]);
}

#[test]
fn an_order_shows_state_number_owner_key_dates_and_copies_its_number() {
    let (_bench, mut screen) = with(|_| {});
    screen.shows(&["审核中", OWNER, SERIAL, "12:00"]);
    assert_eq!(screen.field("订单号"), NO);
    assert!(screen.field("新有效期").contains(" 到 "));
    screen.click(&format!("复制 {NO}"));
    assert_eq!(screen.copied, [NO]);
}

#[test]
fn every_state_has_its_word_and_open_ones_go_on_while_finished_ones_can_be_removed() {
    for (state, word) in [
        (LineState::Sending, "正在提交"),
        (LineState::VerifyMobile, "待验证手机"),
        (LineState::Reviewing, "审核中"),
        (LineState::Payment, "待支付"),
        (LineState::Ready, "已通过"),
        (LineState::Interrupted, "下载中断"),
        (LineState::Done, "已完成"),
        (LineState::Rejected, "未通过"),
        (LineState::Expired, "已过期"),
        (LineState::Cancelled, "已取消"),
    ] {
        let (_bench, mut screen) = with(|order| order.state = state);
        screen.shows(&[word]);
        let asked = screen.asked();
        assert_eq!(
            matches!(asked[..], [Command::RefreshOrders]),
            state.is_open(),
            "open ones are asked for: {state:?}"
        );
        if state.is_open() {
            screen.click(&format!("继续 {NO}"));
            assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Open)), "{state:?}");
            screen.shows(&["正在查询发证机构"]);
        } else {
            screen.click(&format!("移除记录 {NO}"));
            assert!(matches!(&screen.asked()[..], [Command::ForgetOrder(id)] if id == "order-1"), "{state:?}");
            screen.happens(Event::Orders(Vec::new()));
            screen.shows(&["还没有订单"]);
        }
    }
}

#[test]
fn every_open_order_can_be_given_up_after_a_warning_of_what_is_lost() {
    for (kind, state, lost) in [
        (OrderKind::Renew, LineState::Sending, "会在 CA 撤销"),
        (OrderKind::Renew, LineState::VerifyMobile, "会在 CA 撤销"),
        (OrderKind::Renew, LineState::Ready, "已通过的到期自动失效"),
        (OrderKind::Renew, LineState::Interrupted, "新密钥和新证书不会启用"),
        (OrderKind::Unlock, LineState::CodeSent, "授权码不能再用"),
        (OrderKind::Unlock, LineState::Interrupted, "无人知道"),
        (OrderKind::Unlock, LineState::ReportMissing, "无人知道"),
    ] {
        let (_bench, mut screen) = with(|order| (order.kind, order.state) = (kind, state));
        screen.asked();
        screen.click(&format!("放弃订单 {NO}"));
        screen.shows(&["放弃这个订单？", lost]);
        screen.click("保留订单");
        screen.hides(&["放弃这个订单？"]);
        assert!(screen.asked().is_empty(), "{state:?}");
        screen.click(&format!("放弃订单 {NO}"));
        screen.click("放弃");
        assert!(matches!(&screen.asked()[..], [Command::GiveUpOrder(id)] if id == "order-1"), "{state:?}");
        screen.hides(&["放弃这个订单？"]);
    }
}

#[test]
fn a_refused_order_says_why() {
    let (_bench, screen) = with(|order| {
        order.state = LineState::Rejected;
        order.reason = Some("营业执照副本不清楚".to_owned());
    });
    assert_eq!(screen.field("原因"), "营业执照副本不清楚");
}

#[test]
fn an_order_whose_answer_was_lost_has_no_number_yet_and_goes_on_by_its_owner() {
    let (_bench, mut screen) = with(|order| {
        order.state = LineState::Sending;
        order.no = String::new();
        order.new = None;
    });
    screen.shows(&["尚未得到"]);
    screen.hides(&["新有效期"]);
    screen.asked();
    screen.click(&format!("继续 {OWNER}"));
    assert!(matches!(screen.asked_renewal(), (1, RenewalAsk::Open)));
}

#[test]
fn an_order_of_a_key_that_is_not_there_asks_for_it() {
    let (bench, card) = bench();
    let mut screen = Screen::of(&bench);
    screen.happens(Event::Orders(vec![line(&screen, 1, LineState::Ready)]));
    screen.click("订单");
    screen.control(&format!("继续 {NO}"));
    bench.remove(&card);
    screen.wait_for(&format!("请插入 UKey {SERIAL} 后继续。"));
    assert!(screen.controls(&format!("继续 {NO}")).is_empty());
    screen.click(&format!("放弃订单 {NO}"));
    screen.shows(&["放弃这个订单？"]);
}

#[test]
fn the_state_is_asked_for_and_a_failure_is_told_without_losing_the_list() {
    let (_bench, mut screen) = with(|_| {});
    assert!(matches!(screen.asked()[..], [Command::RefreshOrders]), "opening the page asks");
    assert_eq!(screen.obstacle("刷新").unwrap(), "正在查询，请稍候");
    screen.happens(Event::OrdersFault(fault()));
    screen.shows(&["KEY-105", "UKey 没有响应", NO]);
    screen.click("刷新");
    assert!(matches!(screen.asked()[..], [Command::RefreshOrders]));
    screen.hides(&["KEY-105"]);
    let order = line(&screen, 1, LineState::Ready);
    screen.happens(Event::Orders(vec![order]));
    screen.shows(&["已通过"]);
    assert_eq!(screen.obstacle("刷新"), None);
}

#[test]
fn where_nothing_is_under_way_there_is_nothing_to_ask() {
    let (_bench, screen) = with(|order| order.state = LineState::Done);
    assert_eq!(screen.obstacle("刷新").unwrap(), "没有进行中的订单");
}

#[test]
fn many_orders_are_all_there_each_with_its_own_buttons_and_the_page_rests() {
    let (bench, _) = bench();
    let mut screen = Screen::of(&bench);
    let orders: Vec<_> = (0..40)
        .map(|n| OrderLine {
            id: format!("order-{n}"),
            no: format!("20261120-{n:06}"),
            state: if n % 2 == 0 { LineState::Reviewing } else { LineState::Done },
            ..line(&screen, 1, LineState::Done)
        })
        .collect();
    screen.happens(Event::Orders(orders));
    screen.click("订单");
    screen.asked();
    for n in 0..40 {
        let no = format!("20261120-{n:06}");
        let button = if n % 2 == 0 { format!("继续 {no}") } else { format!("移除记录 {no}") };
        screen.control(&button);
    }
    assert!(screen.rests_for() > std::time::Duration::from_secs(60));
}
