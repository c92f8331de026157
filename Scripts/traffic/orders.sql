-- What a shop asks its database, beside pgbench's own transactions.
\set account random(1, 200000)
\set branch random(1, 2)
SELECT aid, abalance, filler FROM pgbench_accounts WHERE aid BETWEEN :account AND :account + 24 ORDER BY aid;
SELECT b.bid, count(*) AS tellers, sum(t.tbalance) AS balance
  FROM pgbench_branches b JOIN pgbench_tellers t ON t.bid = b.bid WHERE b.bid = :branch GROUP BY b.bid;
