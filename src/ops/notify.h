#ifndef OPS_NOTIFY_H
#define OPS_NOTIFY_H

#include "net/loop.h"

/* sd_notify: each does nothing outside systemd. */
void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);
/* One line for `systemctl status`. */
void notify_status(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Lets systemd wait longer for a stop: MS more from now. */
void notify_extend_timeout(int64_t ms);

/* Pats the watchdog at half of $WATCHDOG_USEC for as long as the loop turns; NULL when not asked.
 */
struct watchdog;
struct watchdog *watchdog_new(struct loop *loop);
void watchdog_free(struct watchdog *watchdog);

#endif
