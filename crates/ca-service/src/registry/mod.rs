//! Customers, products and certificates.

pub mod certificates;
pub mod customers;
pub mod devices;
pub mod products;
