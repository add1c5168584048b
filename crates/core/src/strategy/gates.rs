//! The gates of the rule strategies: why one looked at the market and did nothing.
//!
//! Only names; the strategies decide when each of them refuses. The names are stable.

/// An indicator or a price is still missing.
pub const WARMING_UP: &str = "warming_up";
/// It holds what it would open.
pub const ALREADY_IN_POSITION: &str = "already_in_position";
/// An order of its own is not answered yet.
pub const ORDER_PENDING: &str = "order_pending";
/// The relative strength index is between its two bounds.
pub const RSI_NEUTRAL: &str = "rsi_neutral";
/// The signal says close, and it holds nothing.
pub const NOTHING_TO_CLOSE: &str = "nothing_to_close";
/// The averages did not cross.
pub const NO_CROSS: &str = "no_cross";
/// The next regular order is not due yet.
pub const INTERVAL_NOT_ELAPSED: &str = "interval_not_elapsed";
/// Another order would pass the total budget.
pub const BUDGET_SPENT: &str = "budget_spent";
/// It placed as many orders as it may before the next take profit.
pub const MAX_ORDERS_REACHED: &str = "max_orders_reached";
/// The price is outside of the grid, and every order that can rest does.
pub const OUTSIDE_BOUNDS: &str = "outside_bounds";
/// Every level that can have an order has one.
pub const ALL_LEVELS_ARMED: &str = "all_levels_armed";
/// The stop or target of the grid was reached; it is done.
pub const GRID_STOPPED: &str = "grid_stopped";
/// An order was refused or cancelled; it is tried again later.
pub const WAITING_TO_RETRY: &str = "waiting_to_retry";

/// Every gate.
pub const ALL: [&str; 13] = [
    WARMING_UP,
    ALREADY_IN_POSITION,
    ORDER_PENDING,
    RSI_NEUTRAL,
    NOTHING_TO_CLOSE,
    NO_CROSS,
    INTERVAL_NOT_ELAPSED,
    BUDGET_SPENT,
    MAX_ORDERS_REACHED,
    OUTSIDE_BOUNDS,
    ALL_LEVELS_ARMED,
    GRID_STOPPED,
    WAITING_TO_RETRY,
];
