#ifndef DOMAIN_CATALOGUE_H
#define DOMAIN_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

#include "domain/hours.h"

/* DOMAIN.md rule 1 and INTERFACES.md, "Items". */
enum item {
	ITEM_SURESERVER_EV_CLOUD,
	ITEM_SURESERVER_CLOUD,
	ITEM_OV_SSL,
	ITEM_OV_SSL_WILDCARD,
	ITEM_DV_SSL,
	ITEM_DV_SSL_WILDCARD,
	ITEM_DIGICERT_CLOUD,
	ITEM_BRING_IN,
	ITEM_OTHER, /* any other text: an agency item that is not linkable */
};

enum item item_from_id(const char *id);
/* The item's name as customers know it, in Japanese; "その他の品目" for ITEM_OTHER. */
const char *item_name(enum item item);
bool item_is_bring_in(enum item item);
/* Takes links without bound (ライセンス数無制限). */
bool item_is_linkable(enum item item);
/* One of the two items whose wildcard name matches one label (rule 4). */
bool item_has_wildcard(enum item item);

enum bring_in_rule {
	BRING_IN_NO,
	BRING_IN_OPTIONAL, /* the customer may also install by hand */
	BRING_IN_REQUIRED,
};

/* What a linked service is by rule: the table "The linked services" of DOMAIN.md, or a profile. */
struct service_rules {
	char *id;
	char *name; /* as customers know it */
	int business_days;
	int opening_minute; /* minutes after midnight, Asia/Tokyo */
	enum bring_in_rule bring_in;
	bool rsa2048_only;	   /* rule 7 */
	bool takes_digicert_cloud; /* rule 1: gio-ca and the two WAF options */
	bool has_hours;		   /* installs are made within these alone */
	struct hours hours;
};

/* The seven services as DOMAIN.md has them, which serve where no profile says otherwise. */
const struct service_rules *catalogue_builtin(size_t *count);

/* The link target that is never installed on (rule 9). */
#define SERVICE_OTHER "other"

#endif
