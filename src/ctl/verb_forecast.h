#ifndef CTL_VERB_FORECAST_H
#define CTL_VERB_FORECAST_H

/*
 * forecast --days N [--from DATE] [--all] [--json] [--config FILE] [--holidays CSV]
 *          [--renew-at A/B] [--weekdays] [--rate ID=N/s]...
 *          [--certificates N [--lifetime DAYS] [--service ID[=NN%]]...]
 *
 * How many installs fall due on which day and how long they take: of what is stored, or of an
 * estate that is described, for which neither store nor configuration is needed. As a table with a
 * chart, or as one JSON object {"from","until","certificates","renew_at","late","expired","held",
 * "unknown","services":[{"service","installs","installs_per_hour","rate_from","busiest":{"date",
 * "installs","hours"}}],"days":[{"date","weekday","business","why","installs",
 * "issued_on_closed_days","services":{ID:{"installs","hours","left"}}}],"backlogs":[{"service",
 * "from","until","most"}],"peak":{"date","weekday","installs","issued_on_closed_days","reason"}}.
 * Hours and rates are null where no rate is known, "until" of a backlog where it goes on past the
 * last day. Returns the program's exit status: 0 done, 1 the store, a disk or pipe did not do its
 * part, 2 wrong usage or a file that cannot be taken.
 */
int verb_forecast(int argc, char **argv);

#endif
